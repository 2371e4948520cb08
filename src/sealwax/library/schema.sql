-- The library: this device's readable copy of a history. Rebuilt from the sealed objects at any time.
-- Every table is STRICT; 4611686018427387904 (2^62) is "still".
--
-- A moment is a number: the seq of a commit of the messages zone; or between two seqs, where this
-- device wrote into its own zone after the one and before it knew the other. See library/tail.py.

-- Single values: the digest of the joined state at the head, the account.
CREATE TABLE fact (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The head of each zone that the library has applied.
CREATE TABLE zone (
  zone TEXT PRIMARY KEY,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The bytes of every commit that this device has applied.
CREATE TABLE seen_commit (
  zone TEXT NOT NULL,
  seq INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (zone, seq)
) STRICT, WITHOUT ROWID;

-- Commits that do not count, with the reason.
CREATE TABLE void_commit (
  zone TEXT NOT NULL,
  seq INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (zone, seq)
) STRICT, WITHOUT ROWID;

-- What counting commits would have taken away and the rules of the chain did not let them: why, and
-- how many objects or snapshots.
CREATE TABLE refused_drop (
  zone TEXT NOT NULL,
  seq INTEGER NOT NULL,
  reason TEXT NOT NULL,
  author BLOB NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (zone, seq, reason)
) STRICT, WITHOUT ROWID;

-- Commits that count and that a later merge disowns: their objects end with the merge, and belong to
-- no state.
CREATE TABLE disowned_commit (
  zone TEXT NOT NULL,
  seq INTEGER NOT NULL,
  merge_seq INTEGER NOT NULL,
  PRIMARY KEY (zone, seq)
) STRICT, WITHOUT ROWID;

-- Every object that a counting commit ever added, with the interval of its zone in which it is live.
-- Segments have the digest of their changes, as their commit says it.
CREATE TABLE object (
  name BLOB NOT NULL,
  zone TEXT NOT NULL,
  added_seq INTEGER NOT NULL,
  dropped_seq INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  change_digest BLOB,
  PRIMARY KEY (name, zone)
) STRICT, WITHOUT ROWID;

-- Segments that could not be read when their commit was applied.
CREATE TABLE damaged_object (
  name BLOB PRIMARY KEY,
  seq INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Pins: the seq of the pin commit, the seq of its zone whose state it holds, and the moment that
-- shows it. One that holds a moment which this library has let go of is not shown until the library
-- is made anew. `counts` is JSON.
CREATE TABLE pin (
  zone TEXT NOT NULL,
  commit_seq INTEGER NOT NULL,
  pinned_seq INTEGER NOT NULL,
  moment REAL NOT NULL,
  lock_until_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  made_ms INTEGER NOT NULL,
  name TEXT NOT NULL,
  reason TEXT NOT NULL,
  counts TEXT NOT NULL,
  is_shown INTEGER NOT NULL,
  PRIMARY KEY (zone, commit_seq)
) STRICT, WITHOUT ROWID;

-- Moments that no pin shows yet and that one shall: what they show is kept. `why` says for whom.
CREATE TABLE kept_moment (
  why TEXT NOT NULL,
  moment REAL NOT NULL,
  PRIMARY KEY (why, moment)
) STRICT, WITHOUT ROWID;

-- Records by their keyed id. `version` is the newest version, or NULL while none was seen.
-- Two indexes are not here, for they are made when a new library has been filled (LATE_INDEXES).
CREATE TABLE record (
  id INTEGER PRIMARY KEY,
  uid BLOB NOT NULL,
  kind INTEGER NOT NULL,
  version INTEGER
) STRICT;

-- One row for each state of a record that a pinned moment or the head shows, valid while
-- from_seq <= moment < to_seq. `place` is 1 in the present, 2 in the trash, 0 neither (a stub that
-- nothing but a reaction is known of, or purged), 3 where another message is shown for this one.
-- `conversation` is a record; `time_ns` and `source_order` are its place among others; `text_id` a row of
-- the text indexes; `state` the canonical bytes of the joined state. `seen` is what a person sees, where it is not
-- the state: of a message that is shown for others, too.
CREATE TABLE version (
  id INTEGER PRIMARY KEY,
  record INTEGER NOT NULL,
  from_seq REAL NOT NULL,
  to_seq REAL NOT NULL,
  kind INTEGER NOT NULL,
  place INTEGER NOT NULL,
  conversation INTEGER,
  time_ns INTEGER,
  source_order INTEGER NOT NULL,
  text_id INTEGER,
  is_held INTEGER NOT NULL,
  state BLOB NOT NULL,
  seen BLOB
) STRICT;
CREATE INDEX version_by_record ON version (record);
CREATE INDEX version_by_conversation ON version
  (conversation, time_ns, source_order, record, id, place, from_seq, to_seq)
  WHERE conversation IS NOT NULL;
-- A search puts what it finds in order and leaves out what is of another moment by this index alone.
CREATE INDEX version_by_text ON version
  (text_id, time_ns, source_order, record, place, from_seq, to_seq)
  WHERE text_id IS NOT NULL;
-- What is in the trash or nowhere is looked through after each sync.
CREATE INDEX version_away ON version (place, record) WHERE place <> 1;
CREATE INDEX version_by_kind ON version (kind, place) WHERE kind <> 2;

CREATE INDEX version_by_held ON version (record) WHERE is_held = 1;
-- Versions that began between two commits of the messages zone.
CREATE INDEX version_in_tail ON version (record) WHERE from_seq <> CAST(from_seq AS INTEGER);

-- Further conversations of a version that is in more than one.
CREATE TABLE also_in (
  version INTEGER NOT NULL,
  conversation INTEGER NOT NULL,
  PRIMARY KEY (version, conversation)
) STRICT, WITHOUT ROWID;
CREATE INDEX also_in_by_conversation ON also_in (conversation);

-- What the newest states say of which conversations are one; `is_one` is 0 where they are two.
CREATE TABLE alias (
  record INTEGER NOT NULL,
  other INTEGER NOT NULL,
  is_one INTEGER NOT NULL,
  PRIMARY KEY (record, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_by_other ON alias (other);

-- Conversations that are joined with others, with the one that is shown for all of them.
CREATE TABLE shown_as (
  record INTEGER PRIMARY KEY,
  shown INTEGER NOT NULL
) STRICT;
CREATE INDEX shown_as_by_shown ON shown_as (shown);

-- What the newest states say of which messages are one; `holds` is 1 where that is so, by all that both say.
CREATE TABLE twin (
  record INTEGER NOT NULL,
  other INTEGER NOT NULL,
  is_one INTEGER NOT NULL,
  holds INTEGER NOT NULL,
  PRIMARY KEY (record, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX twin_by_other ON twin (other);

-- Messages that are one with others, with the one that is shown for all of them.
CREATE TABLE twin_shown (
  record INTEGER PRIMARY KEY,
  shown INTEGER NOT NULL
) STRICT;
CREATE INDEX twin_shown_by_shown ON twin_shown (shown);

-- All words of all versions: earlier wordings and the trash included. Emoji are words.
CREATE VIRTUAL TABLE text_index USING fts5(
  body, content='', contentless_delete=1,
  tokenize="unicode61 remove_diacritics 2 categories 'L* N* Co So Sk'"
);
-- The same for scripts written without spaces: each text as overlapping pairs of characters.
CREATE VIRTUAL TABLE unspaced_index USING fts5(
  body, content='', contentless_delete=1, detail=full,
  tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co So Sk M*'"
);
