// Package httpface serves ClickHouse's HTTP interface in front of the embedded
// engine, as far as clickhouse-go's HTTP mode and curl use it.
//
// What comes in is a POST (or GET) with SQL in the body or in ?query=, settings,
// param_* values, database and compression as URL values; what goes out is the
// result in the asked format, or ClickHouse's own exception as a status, the
// header X-ClickHouse-Exception-Code and the message. Reads in Native are
// streamed block by block; an exception after the first block is framed in the
// body as the server does. When the client goes away the statement is killed,
// except an INSERT whose rows have all arrived, which is finished.
//
// Not there: sessions (session_id), external tables, users and quotas. They are
// refused, never ignored, where ignoring them would change a result.
//
// Interface: https://clickhouse.com/docs/interfaces/http
package httpface
