// Package migrate brings the ClickHouse tables up to date: the numbered files
// of schemas/clickhouse, in order, each statement by itself.
//
// In comes a connection; out go tables. What was applied is kept in the table
// migrations, with the hash of the text: a file that changed after it was
// applied is an error, never applied in silence. ClickHouse has no transaction
// around DDL and no lock, so every statement must be harmless when run again:
// a migration cut in the middle is run again whole, and several programs may
// migrate at once. A database newer than the program is left alone: tables
// grow by addition.
package migrate
