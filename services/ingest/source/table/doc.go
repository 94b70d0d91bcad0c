// Package table reads any list of rows at an address: JSON, one JSON object a
// line, GeoJSON, or CSV with any separator and charset.
//
// In: an address and a mapping of its fields. Out: one record.Entry a row, in the
// document's order; rows that share an identifier are all given. What the mapping
// leaves unsaid is guessed from the names of the columns (package rows).
//
// Guaranteed: dates without zone are local; a period in one field gives both its
// dates; (0, 0) is no place; every text is valid UTF-8; at most rows.MaxRows rows,
// the rest refused with their number.
package table
