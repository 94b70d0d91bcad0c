// Package ckan reads a resource of a CKAN portal by its datastore, or of a udata
// portal such as data.gouv.fr by its data set.
//
// In: the address of a datastore_search, of a portal with a resource, or of a
// data set of udata. Out: one record.Entry a row, mapped by the usual names of
// columns and by the source's own mapping (package rows). Of a udata data set the
// newest resource that is a table is read: CSV, JSON or GeoJSON. The licence of the
// data set is noted, asked for once a day.
//
// Guaranteed: a resource's file may be on another host, which gets no secret;
// at most rows.MaxRows rows, the rest refused with their number.
//
// Providers: docs.ckan.org (datastore_search), doc.data.gouv.fr (API 1).
package ckan
