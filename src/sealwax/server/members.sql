-- The server's database, migration 2: when members were last seen; a row that status probes write.

CREATE TABLE member (
  account BLOB NOT NULL,
  member BLOB NOT NULL,
  last_seen_ms INTEGER NOT NULL,
  PRIMARY KEY (account, member)
) STRICT, WITHOUT ROWID;

CREATE TABLE probe (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  tried_ms INTEGER NOT NULL
) STRICT;
