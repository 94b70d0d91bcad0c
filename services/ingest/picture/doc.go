// Package picture draws pictures again before they are kept.
//
// In: a JPEG, PNG, GIF or WebP that someone sent. Out: a JPEG of its pixels alone.
//
// Guaranteed: nothing that a camera or a program wrote beside the pixels remains
// (EXIF 2.3: place, time, serial number), and a picture that would take more than
// some 50 MB to draw is refused before it is.
package picture
