-- The server's database, migration 4: objects that were found to be missing, or damaged and put aside.

CREATE TABLE lost (
  account BLOB NOT NULL,
  name BLOB NOT NULL,
  found_ms INTEGER NOT NULL,
  PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;
