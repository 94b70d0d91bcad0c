// Package schemas holds Crieur's contracts as data, embedded: the JSON Schema
// (2020-12) of each stage's event, the AsyncAPI 3 document that says which
// stage travels on which subject, valid and invalid examples, and the
// ClickHouse tables (forward-only migrations, each column with its unit).
//
// Schemas evolve by addition only: a field is never renamed, narrowed or
// removed within a version, and the examples of every version stay readable.
package schemas
