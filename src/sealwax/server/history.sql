-- The server's database, migration 3: the bytes of an account's commits, which no plan is charged.

ALTER TABLE account ADD COLUMN history_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE account SET history_bytes =
  (SELECT ifnull(sum(length(data)), 0) FROM chain WHERE chain.account = account.account);
