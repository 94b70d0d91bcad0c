// Package panel lays a publication out on a sign: municipal LED panels, digital
// signs in text mode, road signs.
//
// In: what to say (Content) and what the sign can show (Profile). Out: pages of
// lines (Rendition), and for pixel signs the image of each page, one pixel a
// LED, plus an enlarged preview that looks like the lit panel.
//
// Guaranteed: pure and deterministic, so the console's preview is what the sign
// shows, pixel for pixel; a page never has more rows, a line never more columns,
// a rendition never more pages than the profile; a word that fits on a line is
// never split; whatever is lost, shortened or replaced is named in a Warning.
// Functions are safe for concurrent use.
//
// Rules: French typography of the Imprimerie nationale for what stays together
// ("20 h 30", "n° 5", « », " : "); about 11 s a page and no split word, as the
// municipal panels' charters of use ask; road signs carry at most three units
// of information and seven words.
package panel
