-- The server's database, version 6, of the second format of the chain. Every key starts with the account. Times are ms since 1970.
-- `recovery` is the id of the account's recovery key, which is public: it finds the account again.
-- `history_bytes` are the bytes of its commits, which no plan is charged.

CREATE TABLE account (
  account BLOB PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  recovery BLOB NOT NULL,
  plan_bytes INTEGER NOT NULL,
  asked_bytes INTEGER,
  head_bytes INTEGER NOT NULL DEFAULT 0,
  snapshot_bytes INTEGER NOT NULL DEFAULT 0,
  made_ms INTEGER NOT NULL,
  locked_ms INTEGER,
  lock_reason TEXT NOT NULL DEFAULT '',
  history_bytes INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX account_by_recovery ON account (recovery);

-- Invitations by the hash of their secret. `account` is who used it.
CREATE TABLE invitation (
  secret_hash BLOB PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  plan_bytes INTEGER NOT NULL,
  made_ms INTEGER NOT NULL,
  account BLOB
) STRICT, WITHOUT ROWID;

-- The head of each zone, as the rules of the chain need it.
CREATE TABLE zone (
  account BLOB NOT NULL,
  zone TEXT NOT NULL,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (account, zone)
) STRICT, WITHOUT ROWID;

CREATE TABLE chain (
  account BLOB NOT NULL,
  zone TEXT NOT NULL,
  seq INTEGER NOT NULL,
  op_id BLOB NOT NULL,
  arrived_ms INTEGER NOT NULL,
  data BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX chain_by_seq ON chain (account, zone, seq);
CREATE UNIQUE INDEX chain_by_op ON chain (account, zone, op_id);

-- Old commits, a complete range of them in one row; see "Packs" in docs/format.md. Without data, the
-- range was looked at and stays in rows of `chain`.
CREATE TABLE pack (
  account BLOB NOT NULL,
  zone TEXT NOT NULL,
  start_seq INTEGER NOT NULL,
  count INTEGER NOT NULL,
  data BLOB
) STRICT;
CREATE UNIQUE INDEX pack_by_seq ON pack (account, zone, start_seq);

-- Objects that counting commits added, with the interval in which they are live (2^62 is "still").
-- Segments have the digest of their changes, as their commit says it. `unheld_ms` is since when
-- nothing in the zone holds it, by this server's clock; 0 when the operator let go of it. One that a
-- disowned commit added ends with the merge, and its name may be added again.
CREATE TABLE object (
  account BLOB NOT NULL,
  zone TEXT NOT NULL,
  name BLOB NOT NULL,
  size_bytes INTEGER NOT NULL,
  added_seq INTEGER NOT NULL,
  dropped_seq INTEGER NOT NULL,
  change_digest BLOB,
  unheld_ms INTEGER,
  is_disowned INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (account, zone, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX object_by_name ON object (account, name);
CREATE INDEX object_let_go ON object (account, name) WHERE unheld_ms = 0;

CREATE TABLE pin (
  account BLOB NOT NULL,
  zone TEXT NOT NULL,
  commit_seq INTEGER NOT NULL,
  pinned_seq INTEGER NOT NULL,
  lock_until_ms INTEGER NOT NULL,
  PRIMARY KEY (account, zone, commit_seq)
) STRICT, WITHOUT ROWID;

-- When members were last seen.
CREATE TABLE member (
  account BLOB NOT NULL,
  member BLOB NOT NULL,
  last_seen_ms INTEGER NOT NULL,
  PRIMARY KEY (account, member)
) STRICT, WITHOUT ROWID;

-- A row that status probes write.
CREATE TABLE probe (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  tried_ms INTEGER NOT NULL
) STRICT;

-- Objects that were found to be missing, or damaged and put aside.
CREATE TABLE lost (
  account BLOB NOT NULL,
  name BLOB NOT NULL,
  found_ms INTEGER NOT NULL,
  PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;
