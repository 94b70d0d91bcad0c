package gsm

// EmojiPolicy says what becomes of emoji.
type EmojiPolicy string

// AccentPolicy says what becomes of accented letters outside the alphabet.
type AccentPolicy string

// ScriptPolicy says what becomes of letters without a plain reading.
type ScriptPolicy string

// Policies; the zero value of each is the first.
const (
	EmojiDrop EmojiPolicy = "drop" // removed with the space beside it
	EmojiKeep EmojiPolicy = "keep" // the text goes in UCS-2

	AccentsFold AccentPolicy = "fold" // ê → e, œ → oe
	AccentsKeep AccentPolicy = "keep" // one such letter puts the text in UCS-2

	ScriptsKeep    ScriptPolicy = "keep"    // a name in Arabic puts the text in UCS-2
	ScriptsReplace ScriptPolicy = "replace" // "?" a character, and the text stays GSM-7
)

// Policy is what an authority pays for. The zero value is the cheapest text
// that stays readable.
type Policy struct {
	Emoji   EmojiPolicy  `json:"emoji,omitempty" yaml:"emoji"`
	Accents AccentPolicy `json:"accents,omitempty" yaml:"accents"`
	Scripts ScriptPolicy `json:"scripts,omitempty" yaml:"scripts"`
	// Keep lists characters never folded, whatever they cost: an officer's
	// answer to Cost.Accents.
	Keep string `json:"keep,omitempty" yaml:"keep"`
}
