// Package engine embeds ClickHouse: the real engine, as the shared library
// libchdb, in a child process of this program.
//
// Start takes a folder and gives back an Engine; Engine.Open and Engine.Options
// give clickhouse-go/v2 connections to it, exactly as to a server, and
// OptionsFromURL does the same for an outside server, so that consumers see no
// difference. The program calls ChildMain first in main, and its tests in
// TestMain: Start runs the same binary again, and ChildMain makes that process
// the child. No cgo is needed. The binary needs glibc on linux, libchdb too.
//
// # The library
//
// It comes from npm, about 560 MB, pinned by package-lock.json; `npm ci` in this
// folder installs the one of this platform, and FindLibrary finds it. The lock
// holds the hash of linux-x64 only; the three others are pinned by version.
// Without it Start returns ErrLibraryMissing, on other systems ErrPlatform.
//
// # The child
//
// The parent keeps the folder's lock and the listening socket and hands both
// down, so that a second program gets ErrInUse, and connections made during a
// restart wait instead of failing. A child that dies, or cannot start, is started
// again after 100 ms to 30 s, and Health tells why. libchdb cannot shut down cleanly, so
// Stop kills; the child also dies with its parent, by PR_SET_PDEATHSIG on linux
// and by the end of its standard input everywhere. It gets none of the parent's
// environment, and its lines go to slog, but for the errors of statements, which
// quote what must not be logged and which the caller has.
//
// Whoever can reach the socket (mode 0600) or the loopback listener can do
// everything, reading files included: never pass it SQL from outside.
//
// # What it takes
//
// All that clickhouse-go's HTTP mode sends: parameters, settings, databases,
// query_id, batches, every type that clickhouse-go reads, lz4, zstd and gzip.
// Not sessions, external tables, several statements at once: they are refused.
// Reads run on up to Config.MaxReads connections and inserts on MaxInserts of
// their own, so that long reads never hold up inserts. Native results are
// streamed; a cancelled context kills the statement, except an insert whose rows
// have all arrived. An error has ClickHouse's own code (*clickhouse.Exception).
//
// # What an acknowledged insert is worth
//
// It survives the death of the child and of the program. To survive a power cut
// too, give each table, the target tables of materialised views included,
//
//	SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
//
// (libchdb ignores server-wide defaults). To be idempotent, give each table
//
//	non_replicated_deduplication_window = 1000
//
// and each insert the setting insert_deduplication_token; one sent twice then
// counts once, in the table and in the views behind it
// (deduplicate_blocks_in_dependent_materialized_views is 1 by default in 26.7).
// Asynchronous inserts, the default since 26.3, are switched off. ClickHouse
// itself can lose an insert that is killed between its token and its rows, about
// once in 30 kills under load: at each start forgetLostInserts mends that, for
// the embedded engine. A server with tables that are not replicated has the same
// hole at a crash; ReplicatedMergeTree has not. What remains is a power cut
// between the rows and the unsynchronised token log, where a retry counts twice.
//
// An insert of more than max_insert_block_size rows (1,048,449) is several
// parts, each with the token and its number.
//
// Measured on two cores shared with others: start 0.1 to 0.3 s, SELECT 1 in
// 1.5 ms, durable inserts of 10,000 rows at 470,000 rows/s and of 100,000 at
// 2,400,000, one million rows read back in 70 ms.
//
// ClickHouse: https://clickhouse.com/docs/interfaces/http, libchdb:
// https://github.com/chdb-io/chdb-core.
package engine
