// Package xmltext prepares documents that claim to be XML for a parser.
//
// In: a body as a server sent it. Out: UTF-8 from the root element on, without
// what no XML parser of Go takes: a declaration in another charset, XML 1.1,
// document types, characters outside XML, unbounded depth. Nothing is expanded,
// nothing external is read.
package xmltext
