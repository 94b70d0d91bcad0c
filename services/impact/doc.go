// Package impact is the last stage: receipt → impact. It keeps receipts,
// publications and messages in ClickHouse, and shows who was really informed,
// how fast and at what cost.
//
//	schemas/clickhouse   the tables, as forward-only migrations
//	migrate/             brings them up to date
//	load/                events of the bus → rows, each once whatever is killed
//	measure/             rows → figures → indicators, CSV, JSON
//	dashboard/           the pages under /impact
//	engine/              the embedded ClickHouse
//
// In come events; out go rows and pages. No contact gets here: people are an
// HMAC of an opaque ID. While ClickHouse is away the service is not ready,
// pages say so, and events wait on their streams.
//
// The service does not start the engine: it is given clickhouse-go's options,
// from engine.Engine.Options or engine.OptionsFromURL, and sees no difference.
package impact
