// Package rows reads what many open-data sources share: rows of JSON, GeoJSON or
// CSV, in pages, mapped by name to record.Entry.
//
// In: bodies and a [Mapping]. Out: rows in the document's order and one record a
// row. Guaranteed: every text is valid UTF-8; entities that a portal left in its
// JSON are decoded; coordinates (0, 0) are no place; a date that cannot be read is
// none; places are in WGS 84 degrees; a next page is asked on the same host only, a bounded number of times.
//
// Standards: RFC 8259 (JSON), RFC 7946 (GeoJSON), RFC 4180 (CSV).
package rows
