package rewrite

import (
	"strings"
	"unicode/utf8"

	"github.com/crieur/crieur/events/territory"
)

// maxTitleBytes is what is read of a title before it is cut.
const maxTitleBytes = 4000

// Title returns a title on one line, at most MaxTitle runes, without the name
// of the site that many programs add after a bar or a dash, and not all in
// capitals. names are those of the source and its authority.
func Title(src string, names ...string) string {
	t, _ := head(Plain(src), maxTitleBytes)
	t = Calm(trailingMark(withoutSite(t, names)))
	if utf8.RuneCountInString(t) > MaxTitle {
		t = ellipsis(t, MaxTitle)
	}
	return t
}

func withoutSite(t string, names []string) string {
	for _, sep := range []string{" | ", " - ", " – ", " — ", " :: ", " » "} {
		i := strings.LastIndex(t, sep)
		if i <= 0 {
			continue
		}
		if site(t[i+len(sep):], names) {
			return withoutSite(strings.TrimSpace(t[:i]), names)
		}
	}
	return t
}

// site reports whether the end of a title is but the name of where it is from.
func site(s string, names []string) bool {
	f := territory.Fold(s)
	if f == "" || strings.Count(f, " ") > 7 {
		return f == ""
	}
	for _, n := range names {
		if n = territory.Fold(n); n != "" && (f == n || town(f) == town(n)) {
			return true
		}
	}
	switch f {
	case "site officiel", "accueil", "actualites", "actualite", "site internet", "mairie":
		return true
	}
	return strings.HasPrefix(f, "site officiel d") || strings.HasPrefix(f, "site internet d")
}

// town is the name of a commune in that of its town hall, folded: "ville de
// begles" and "mairie de begles" are one site's.
func town(folded string) string {
	for _, p := range []string{"ville de ", "mairie de ", "commune de ", "ville d ", "mairie d ", "commune d "} {
		if name, ok := strings.CutPrefix(folded, p); ok {
			return name
		}
	}
	return folded
}
