package translit

// exact holds the readings that Unicode decompositions do not give, or give
// badly: French typography, signs, and letters that are not a base and a mark.
func exact(r rune) (string, bool) {
	switch r {
	// Quotation marks.
	case '«', '»', '“', '”', '„', '‟', 'ʺ', 'ˮ', '❝', '❞', '〝', '〞', '＂', '″', '‶':
		return "\"", true
	case '‘', '’', '‛', '‹', '›', 'ʻ', 'ʼ', 'ʽ', 'ˈ', 'ʹ', 'ˊ', 'ˋ', '´', '`', '❛', '❜', '＇', '′', '‵', '՚', 'ꞌ', '︐', '︑':
		return "'", true
	// Dashes and bullets.
	case '‐', '‑', '‒', '–', '—', '―', '−', '⁃', '•', '‣', '▪', '●', '·', '◦', '∙', '⎼', '⎽', '﹣', '－', '⁻':
		return "-", true
	case '…', '⋯':
		return "...", true
	case '‥':
		return "..", true
	// Signs.
	case '±':
		return "+/-", true
	case '×', '✕':
		return "x", true
	case '÷', '⁄', '∕', '⧸', '／':
		return "/", true
	case '≤':
		return "<=", true
	case '≥':
		return ">=", true
	case '≠':
		return "!=", true
	case '≈', '∼', '˜', '˷', '～':
		return "~", true
	case '→', '➔', '➜', '➡', '⇒':
		return "->", true
	case '←', '⇐':
		return "<-", true
	case '↔':
		return "<->", true
	case '©':
		return "(c)", true
	case '®':
		return "(r)", true
	case '™':
		return "TM", true
	case '°', 'º':
		return "o", true
	case 'ª':
		return "a", true
	case '№':
		return "No", true
	case 'µ', 'μ':
		return "u", true
	case '¶':
		return "P", true
	case '€':
		return "EUR", true
	case '¢':
		return "c", true
	case '¦', '∣', '⎸', '⎹', '⏐', '⎜', '⎟', '｜':
		return "|", true
	case 'ˆ', '＾':
		return "^", true
	case '‗', '＿':
		return "_", true
	case '‼':
		return "!!", true
	case '⁈':
		return "?!", true
	case '⁉':
		return "!?", true
	case '⁇':
		return "??", true
	case '‰':
		return "0/00", true
	case 'ᴇ':
		return "E", true
	case '꞊':
		return "=", true
	case '⧵', '⧹', '﹨', '＼':
		return "\\", true
	case 'ː', '˸', '⦂', '꞉':
		return ":", true
	case '˖':
		return "+", true
	case '。', '｡':
		return ".", true
	case '‚', '、', '､':
		return ",", true
	case '⁏':
		return ";", true
	case 'ǃ':
		return "!", true
	case '❨', '❪', '⟮', '⦅':
		return "(", true
	case '❴':
		return "{", true
	case '❵':
		return "}", true
	case '❩', '❫', '⟯', '⦆':
		return ")", true
	case '⁎', '∗', '⊛', '✢', '✣', '✤', '✥', '✱', '✲', '✳', '✺', '✻', '✼', '✽', '❃', '❉', '❊', '❋', '⧆':
		return "*", true
	case '⟦':
		return "[", true
	case '⟧':
		return "]", true
	case '¼':
		return "1/4", true
	case '½':
		return "1/2", true
	case '¾':
		return "3/4", true
	case '⅓':
		return "1/3", true
	case '⅔':
		return "2/3", true
	case 'ℎ':
		return "h", true
	case '�':
		return "?", true
	// Letters without a decomposition.
	case 'œ':
		return "oe", true
	case 'Œ':
		return "OE", true
	case 'æ':
		return "ae", true
	case 'Æ':
		return "AE", true
	case 'ß':
		return "ss", true
	case 'ẞ':
		return "SS", true
	case 'ł':
		return "l", true
	case 'Ł':
		return "L", true
	case 'đ':
		return "d", true
	case 'Đ':
		return "D", true
	case 'ø':
		return "o", true
	case 'Ø':
		return "O", true
	case 'ı':
		return "i", true
	case 'ħ':
		return "h", true
	case 'Ħ':
		return "H", true
	case 'ŧ':
		return "t", true
	case 'Ŧ':
		return "T", true
	case 'þ':
		return "th", true
	case 'Þ':
		return "Th", true
	case 'ð':
		return "dh", true
	case 'Ð':
		return "Dh", true
	case 'ŋ':
		return "ng", true
	case 'Ŋ':
		return "NG", true
	case 'ĸ':
		return "k", true
	case 'ŉ':
		return "'n", true
	case 'ƀ':
		return "b", true
	case 'ᴀ':
		return "A", true
	case 'ʙ':
		return "B", true
	case 'ᴄ':
		return "C", true
	case 'ꜰ':
		return "F", true
	case 'ɢ':
		return "G", true
	case 'ɪ':
		return "I", true
	case 'ᴊ':
		return "J", true
	case 'ᴋ':
		return "K", true
	case 'ᴍ':
		return "M", true
	case 'ɴ':
		return "N", true
	case 'ʀ':
		return "R", true
	case 'ꜱ':
		return "S", true
	case 'ᴜ':
		return "U", true
	case 'ᴠ':
		return "V", true
	case 'ᴡ':
		return "W", true
	case 'ʏ':
		return "Y", true
	case 'ᴢ':
		return "Z", true
	case 'ʟ':
		return "L", true
	case 'ᴅ':
		return "D", true
	case 'ʜ':
		return "H", true
	case 'ᴏ':
		return "O", true
	case 'ᴘ':
		return "P", true
	case 'ᴛ':
		return "T", true
	case '⁺':
		return "+", true
	}
	return "", false
}
