// Package opendatasoft reads a data set of an Opendatasoft portal: Explore API
// 2.1, or 1.0 where a portal has not moved.
//
// In: a portal with a data set, or an address of its API. Out: one record.Entry a
// row. Several pages are read in turn; beyond the 10,000 rows that the API pages
// through, the export is read instead. Fields are mapped by their usual names and
// by the source's own mapping (package rows). The licence of the data set is noted,
// asked for once a day.
//
// Guaranteed: (0, 0) is no place; entities in JSON texts are decoded; dates that
// are JSON in a JSON string, and "begin end;begin end", are read; a key goes in a
// header and nowhere else; at most rows.MaxRows rows, the rest refused with their
// number. The daily quota's 429 is the runner's to wait for.
//
// Provider: help.opendatasoft.com/apis/ods-explore-v2.
package opendatasoft
