// Package gsm turns text into what an SMS carries, and says what it costs.
//
// In: UTF-8 text. Out: the text a telephone will show, its cost in parts, and
// the payloads of each part ready for SMPP submit_sm (data_coding 0 or 8, with
// the concatenation header).
//
// Guaranteed: pure and deterministic; output is valid UTF-8; a part never
// exceeds 140 octets; an escape sequence or a surrogate pair is never split
// between parts; text that needs no folding is decoded back unchanged. Functions
// are safe for concurrent use.
//
// French is badly served by GSM 03.38: é è à ù É Ç are in the alphabet, ê â î ô
// û ë ï ç œ ’ « » are not, and one of them doubles the price. Fold replaces
// them only when that lets the whole text stay in the alphabet; Count tells the
// officer what each of them costs.
//
// Rules: 3GPP TS 23.038 §6.2.1 (alphabet, extension table, packing) and TS
// 23.040 §9.2.3.24.1 and .8 (concatenation), https://www.3gpp.org/dynareport/23038.htm
package gsm
