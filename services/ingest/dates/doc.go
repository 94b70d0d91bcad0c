// Package dates reads the dates and periods that people and portals write, in
// French first. Formats with a date syntax of their own (iCalendar, CAP, HTTP)
// are read by their parsers.
package dates
