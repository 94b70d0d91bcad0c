package fetch

import "testing"

func TestUTF8(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body, contentType, want, charset string
	}{
		"plain":                        {"hello", "", "hello", "utf-8"},
		"byte order mark":              {"\xef\xbb\xbfété", "text/xml; charset=iso-8859-1", "été", "utf-8"},
		"UTF-8 said Latin-1":           {`<?xml version="1.0" encoding="ISO-8859-1"?><a>été</a>`, "", `<?xml version="1.0" encoding="ISO-8859-1"?><a>été</a>`, "utf-8"},
		"Latin-1 by header":            {"\xe9t\xe9", "text/html; charset=ISO-8859-1", "été", "windows-1252"},
		"Latin-1 by declaration":       {"<?xml version='1.0' encoding='iso-8859-15'?><a>\xa4</a>", "", "<?xml version='1.0' encoding='iso-8859-15'?><a>€</a>", "iso-8859-15"},
		"UTF-8 twice":                  {"F\u00c3\u00aate d\u00e2\u20ac\u2122\u00c3\u00a9t\u00c3\u00a9 \u00c3\u00a0 5 \u00e2\u201a\u00ac", "", "Fête d’été à 5 €", "utf-8"},
		"not all of it twice":          {"N\u00c3O, F\u00c3\u00aate", "", "NÃO, FÃªte", "utf-8"},
		"Latin-1 undeclared":           {"Mairie : r\xe9union \x96 \x80", "", "Mairie : réunion – €", "windows-1252"},
		"Latin-1 said UTF-8":           {"<?xml version='1.0' encoding='utf-8'?><a>\xe9t\xe9</a>", "", "<?xml version='1.0' encoding='utf-8'?><a>été</a>", "windows-1252"},
		"UTF-8 with a few bad bytes":   {"été à l'école, déjà \xff", "", "été à l'école, déjà \uFFFD", "utf-8"},
		"UTF-16 little, mark":          {"\xff\xfe<\x00a\x00", "", "<a", "utf-16le"},
		"UTF-16 big without mark":      {"\x00<\x00a\x00/\x00>", "", "<a/>", "utf-16be"},
		"UTF-16 declared, but is not":  {"<?xml version='1.0' encoding='utf-16'?><a>b</a>", "", "<?xml version='1.0' encoding='utf-16'?><a>b</a>", "utf-8"},
		"meta":                         {"<html><meta charset=windows-1251>\xcf", "", "<html><meta charset=windows-1251>П", "windows-1251"},
		"empty":                        {"", "text/xml; charset=nonsense", "", "utf-8"},
		"lone surrogate, CESU":         {"déjà été \xed\xa0\x80", "", "déjà été \uFFFD", "utf-8"},
		"header wins over declaration": {"<?xml version='1.0' encoding='iso-8859-1'?><a>\xcf</a>", "text/xml; charset=windows-1251", "<?xml version='1.0' encoding='iso-8859-1'?><a>П</a>", "windows-1251"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, charset := UTF8([]byte(c.body), c.contentType)
			if string(got) != c.want || charset != c.charset {
				t.Errorf("got %q in %s, want %q in %s", got, charset, c.want, c.charset)
			}
		})
	}
}
