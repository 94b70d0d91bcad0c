// Package measure asks ClickHouse what the indicators of FEATURES need, and
// computes them.
//
// In comes a Query: an authority, a period, maybe a stream and a channel. Out
// go Figures (what the tables say, by Reader) and Indicators (what people
// read, by Indicators, which is pure): each a list of cells with numerator,
// denominator, value and unit, the same for tiles, charts, CSV and JSON.
//
// Statements have named parameters, read only, and end after five seconds.
// They read aggregates; only the time from sent to delivered reads receipts,
// of a sample of people when there are many.
//
// A cell about fewer than five people is hidden, and where one hidden cell
// could be found by subtraction the next smallest is hidden too (INSEE, guide
// du secret statistique: primary and secondary suppression).
package measure
