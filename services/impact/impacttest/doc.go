// Package impacttest gives the tests of services/impact the real engine: the
// embedded ClickHouse in a temporary folder, with the tables of
// schemas/clickhouse. TestMain of a package that uses it calls
// engine.ChildMain first.
package impacttest
