// Package area tells where a message applies.
//
// In: the places a record names, its text, and the home of its source (the
// communes of its authority). Out: areas of INSEE codes, with a point, a place
// or a street where one is known. The first that answers wins:
//
//  1. INSEE codes the record gives;
//  2. a post code or a commune's name it gives;
//  3. its coordinates: of the communes they may be in, one that the title names,
//     one of the home, then the likeliest;
//  4. communes of the home named in the text, or post codes of its communes,
//     when the home has several;
//  5. the areas of the source, then those of the authority.
//
// Names are looked for only among the communes of the home: elsewhere "Vienne"
// or "Die" would be found in any text. Everything is pure and safe for
// concurrent use.
package area
