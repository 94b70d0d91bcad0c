package language

import (
	"strings"
	"sync"

	"github.com/crieur/crieur/events/territory"
)

// Default is the language of a text that nothing tells otherwise.
const Default = "fr"

// stopWords are the most frequent short words of each language, folded, those
// that tell it from its neighbours.
func stopWords() map[string]string {
	return map[string]string{
		"fr": "le la les des du de et est une un dans pour sur avec vous nous qui que au aux par ce cette ces sont votre vos nos leur pas plus ou a l d en il se sa son ses notre fait etre avoir ont été ete sera jusqu aussi entre afin lors chaque tous toutes",
		"en": "the of and to in is for on with that are this be by from your you we it at as an or will our have has not can more their which was were its about",
		"de": "der die das und ist in den von zu mit auf fur im dem nicht ein eine des sich auch es an als werden aus bei sie wird oder einer wir nach am uber zum zur sind ihr ihre",
		"es": "el los las de y en que es por con para una un del se su al lo como mas pero sus le ha este esta son entre cuando muy sin sobre tambien desde todos",
		"it": "il lo gli di e che in un una per con non sono del della dei delle alla al da dal nel nella piu come anche si questo questa ai alle ed agli sul sulla",
		"pt": "o os as de e que do da em um uma para com nao por mais dos das se na no ao como mas foi ser pela pelo sua seu tambem ate isso esta sao",
		"nl": "de het een en van in is op te dat voor met zijn niet aan er om ook als bij uit nog naar wordt door worden deze over tot onze uw",
		"ca": "el els les de i que amb per una un del dels al als es no en la ser com mes aquest aquesta seva seu son pel pels tambe fins",
		"oc": "lo los las de e que amb per una un del dels dau al als es dins lei sus son mai aqueste aquesta pels tanben entre cap totes l d a en la",
		"br": "ar an ur un ha e da gant evit war eus er zo o en hag ez ma ne ket hor ho ganto bet deus kreiz etre vo eo emañ evel holl betek dre gwener skol serret digor deiz bloaz",
		"eu": "eta da ez dira du dute izan bat hau horrek den egin egiteko dela ere baina beste zuen ditu duen arte bere izango",
		"co": "u a i di e chi un una in per hè cù da sò o ma cum micca si ci à se lu la li ella ellu quellu issu",
	}
}

// table gives each word the languages it speaks for, as bits.
type table struct {
	names []string
	bits  map[string]uint16
}

var words = sync.OnceValue(func() table {
	t := table{names: []string{"fr", "en", "de", "es", "it", "pt", "nl", "ca", "oc", "br", "eu", "co"}, bits: map[string]uint16{}}
	stop := stopWords()
	for i, n := range t.names {
		for w := range strings.FieldsSeq(stop[n]) {
			t.bits[territory.Fold(w)] |= 1 << i
		}
	}
	return t
})

// Detection is what a text tells of its language.
type Detection struct {
	Language string // Default when nothing tells
	Words    int    // words read, at most 400
	Hits     int    // of them, those of the language's most frequent
	Second   int    // hits of the next language
}

// Sure reports whether the text alone is enough to tell; a short one is where half
// of its words are those of one language.
func (d Detection) Sure() bool {
	if d.Words >= 6 && d.Hits*2 >= d.Words && d.Hits >= d.Second*3 {
		return true
	}
	return d.Words >= 15 && d.Hits*6 >= d.Words && d.Hits*2 >= d.Second*3
}

// DetectFolded reads a text already folded by territory.Fold.
func DetectFolded(folded string) Detection {
	t := words()
	var hits [16]int
	d := Detection{Language: Default}
	for w := range strings.SplitSeq(folded, " ") {
		if d.Words == 400 {
			break
		}
		d.Words++
		if len(w) > 8 {
			continue
		}
		bits := t.bits[w]
		for i := 0; bits != 0; i, bits = i+1, bits>>1 {
			hits[i] += int(bits & 1)
		}
	}
	best := 0 // French wins a tie
	for i := range t.names {
		if hits[i] > hits[best] {
			best = i
		}
	}
	for i := range t.names {
		if i != best {
			d.Second = max(d.Second, hits[i])
		}
	}
	d.Hits = hits[best]
	if d.Hits > 0 && (best == 0 || d.Words >= 6 && d.Hits >= 3 && d.Hits > hits[0]) {
		d.Language = t.names[best]
	}
	return d
}

// Of returns the language of a folded text of which a source says that it is
// in the declared one.
func Of(declared, folded string) string {
	declared = Primary(declared)
	d := DetectFolded(folded)
	switch {
	case declared == "":
		return d.Language
	case d.Language != declared && d.Sure():
		return d.Language
	}
	return declared
}

// Simple returns "-simple" when a BCP 47 tag says plain language (IANA's variant
// subtag simple), else the empty string.
func Simple(tag string) string {
	if strings.HasSuffix(strings.ToLower(tag), "-simple") {
		return "-simple"
	}
	return ""
}

// Primary returns the primary subtag of a BCP 47 tag in lower case, the empty
// string when it is not one or says nothing (und, mul, zxx).
func Primary(tag string) string {
	p := strings.ToLower(strings.TrimSpace(tag))
	if i := strings.IndexAny(p, "-_"); i >= 0 {
		p = p[:i]
	}
	if len(p) < 2 || len(p) > 3 || p == "und" || p == "mul" || p == "zxx" {
		return ""
	}
	for i := range len(p) {
		if p[i] < 'a' || p[i] > 'z' {
			return ""
		}
	}
	return p
}
