// Package grandlyon reads a data set of data.grandlyon.com: its web service
// (…/ws/…/all.json, read by its next links), its collections by OGC API Features,
// or any other server of that standard.
//
// In: an address. Out: one record.Entry a row or feature, mapped by the usual
// names of columns and by the source's own mapping (package rows), with the licence
// that a collection says; the web service says none.
//
// Guaranteed: pages are followed on the same host only, a bounded number of times;
// at most rows.MaxRows rows, the rest refused with their number; a user and
// password, which some data sets ask for, go in a header and nowhere else.
//
// Provider: rdata-grandlyon.readthedocs.io. Standard: OGC 17-069r4 (Features, part 1).
package grandlyon
