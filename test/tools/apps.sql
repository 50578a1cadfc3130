-- SPDX-License-Identifier: GPL-2.0-only
-- A small ledger, by sqlite3: MARK and MODE are filled in by guest-programs.sh.
PRAGMA mmap_size = 67108864;
PRAGMA journal_mode = MODE;
CREATE TABLE account (id INTEGER PRIMARY KEY, owner TEXT UNIQUE, balance INTEGER);
CREATE TABLE entry (id INTEGER PRIMARY KEY, account INTEGER REFERENCES account, amount INTEGER, text TEXT);
CREATE INDEX entry_account ON entry (account, amount);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
INSERT INTO account SELECT i, 'MARK owner ' || i, 0 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
INSERT INTO entry SELECT i, i * 7919 % 50 + 1, i * 104729 % 2001 - 1000, 'MARK entry ' || i FROM n;
UPDATE account SET balance = (SELECT sum(amount) FROM entry WHERE account = account.id);
BEGIN;
DELETE FROM entry WHERE id % 3 = 0;
ROLLBACK;
BEGIN;
DELETE FROM entry WHERE id % 5 = 0;
UPDATE entry SET text = text || ', corrected' WHERE id % 7 = 1;
COMMIT;
VACUUM;
SELECT count(*), sum(amount), min(text), max(text) FROM entry;
SELECT owner, balance, count(*) FROM account JOIN entry ON account = account.id
GROUP BY account.id ORDER BY balance DESC, account.id LIMIT 10;
PRAGMA foreign_key_check;
PRAGMA integrity_check;
