// Package page reads web pages that have no feed.
//
// In: an address and either CSS selectors, or nothing, for the text of an article
// as a reader's mode finds it. Out: one record.Entry a page, or one an element of
// a list (item). Scripts, styles, forms and menus are left out; links are absolute.
//
// Guaranteed: robots.txt is asked first, once a day, and obeyed; a page whose
// extracted words are the same is unchanged whatever turns around them; a selector
// that finds nothing, or in a list finds nothing in any item, is an error that
// shows as drift, with the page kept, and withdraws nothing.
//
// Standards: RFC 9309 (robots.txt), www.w3.org/TR/selectors-3.
package page
