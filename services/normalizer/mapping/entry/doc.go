// Package entry maps editorial records (record.Entry): feed items, posts, rows
// of open data, mails, pages, forms, hooks. It is the mapping of every kind
// that has none of its own.
//
// Of several dates (Entry.Timings), the message announces the next period and
// lists the others to come; it is of use until the last one.
//
// What connectors put in Entry.Extra is used so:
//
//	accessibility, age, conditions     a line after the body
//	registration, online               a link after the body
//	attachments                        their names after the body
//	tzid                               the time zone of the days of an all-day event
//	photo (before, after)              the description of the picture
//	cut                                the mark that the body goes on elsewhere
//	dkim                               a mail: its headers, quotes and signature are left out;
//	                                   when not "pass", never published without an officer, never an alert
//	agent, officer, domain             left out: who wrote it is nobody's business but the authority's
//	zone, type, cause, effect, roads…  read by the mapping of their kind
package entry
