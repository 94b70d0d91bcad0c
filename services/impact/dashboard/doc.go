// Package dashboard is the pages of impact: what each collectivité's
// publications did, for everybody, and in depth for its officers and analysts.
//
//   - GET /impact: the collectivités.
//   - GET /impact/{authority}: the dashboard. Everybody sees the last 24 hours,
//     7 or 30 days as a whole; officers of the authority also any period, by
//     stream and channel, costs and each publication.
//   - GET /impact/{authority}/p/{id}: what became of one publication; officers.
//   - GET /impact/{authority}/export/{file}: every indicator, or one
//     ("reach.csv"), as CSV or JSON under an open licence, of the same extent
//     as the page.
//
// Pages need no script. "Suivre en direct" reloads the figures every five
// seconds, and can be stopped (WCAG 2.2.2). Cells about fewer than five people
// are hidden from everybody.
//
// Who is signed in is read from the console's sessions.
package dashboard
