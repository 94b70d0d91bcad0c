// Package card draws a publication as a picture for social networks: its
// title, when, where and who says so, large enough to be read on a telephone.
//
// In comes what a publication says in one language; out come a PNG of 1200 ×
// 675 pixels (16:9, which Mastodon, Bluesky, Telegram and Facebook show whole)
// and its alternative text, which says all that is drawn. Contrasts are at
// least 7:1 (WCAG 2.2, 1.4.6).
//
// Drawing is pure: the same card is the same picture, pixel for pixel. The
// letters are Go's own fonts, which have the Latin, Greek and Cyrillic ones; a
// text in another script has no card.
package card
