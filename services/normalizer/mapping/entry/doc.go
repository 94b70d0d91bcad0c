// Package entry maps editorial records (record.Entry): feed items, posts, rows
// of open data, mails, pages, forms, hooks. It is the mapping of every kind
// that has none of its own.
package entry
