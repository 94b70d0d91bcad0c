package sms

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/gsm"
	"github.com/crieur/crieur/services/publisher/panel"
	"github.com/crieur/crieur/services/publisher/prose"
)

// Style is how an authority writes its SMS, whoever carries them.
type Style struct {
	Mentions     gsm.Mentions `yaml:"mentions"`
	MaxSeptets   int          `yaml:"max_septets"` // of a text; default 160, one part
	Policy       gsm.Policy   `yaml:"policy"`
	CostMicroEUR int64        `yaml:"cost_micro_eur"` // of one part
}

// DefaultStyle fills one part.
func DefaultStyle() Style { return Style{MaxSeptets: defaultSeptets} }

// Writer renders publications as SMS and shows them. It is the half of a
// channel that does no I/O.
type Writer struct {
	spec      channel.Spec
	style     Style
	publicURL string
	limits    gsm.Limits
}

// NewWriter checks a style.
func NewWriter(spec channel.Spec, style Style, publicURL string) (*Writer, error) {
	switch {
	case style.MaxSeptets < 40 || style.MaxSeptets > maxSepetsAllowed:
		return nil, spec.Invalid("max_septets: 40 to 1530")
	case style.CostMicroEUR < 0:
		return nil, spec.Invalid("cost_micro_eur: 0 or more")
	}
	table, err := panel.DefaultAbbreviations()
	if err != nil {
		return nil, spec.Invalid("abbreviations: %w", err)
	}
	limits := gsm.Limits{Septets: style.MaxSeptets, Policy: style.Policy}
	return &Writer{spec: spec, style: style, publicURL: publicURL, limits: shortening(limits, table)}, nil
}

// shortening gives limits the words that may be shortened.
func shortening(l gsm.Limits, table []panel.Abbreviation) gsm.Limits {
	l.Abbreviate, l.LastResort = nil, nil
	for _, a := range table {
		to := &l.Abbreviate
		if a.Rank == panel.LastResort {
			to = &l.LastResort
		}
		*to = append(*to, a.Apply)
	}
	return l
}

// alertSeptets are two parts: the room of an alert that says what to do, or why
// it is withdrawn, at least. A danger is worth a second SMS.
const alertSeptets = 306

// Body is a rendition: the text, and what it takes.
type Body struct {
	Text string `json:"text"`
	// Unsubscribe is the part of Text that is each recipient's own address, of
	// the same length; empty when all get the same text.
	Unsubscribe string   `json:"unsubscribe,omitempty"`
	Cost        gsm.Cost `json:"cost"`
	// Language is that of Text, and Variants are the same message by language,
	// for those who read another; both empty when it is said in one only.
	Language string          `json:"language,omitempty"`
	Variants map[string]Body `json:"variants,omitempty"`
}

const (
	// unsubscribePlace is what a mention writes where the recipient's own
	// address goes.
	unsubscribePlace = "{unsubscribe}"
	// unsubscribeSample has the length of audience's paths.
	unsubscribeSample = "/d/xxxxxxxxxxxxxxxx"
)

// FixedSeptets is what the links of a service SMS take of it, at an address of
// the portal.
func FixedSeptets(publicURL string) int {
	return len(channel.Link(publicURL, events.NewID())) + len(publicURL+unsubscribeSample)
}

// Render implements channel.Channel. What a variant costs more than the
// original is said in the warnings.
func (w *Writer) Render(p events.Publication, profile channel.Profile) (events.Rendition, error) {
	body, warnings, err := w.write(p, profile)
	if err != nil {
		return events.Rendition{}, err
	}
	if body.Variants, err = channel.Each(p, profile, func(p events.Publication, profile channel.Profile) (Body, error) {
		variant, _, err := w.write(p, profile)
		return variant, err
	}); err != nil {
		return events.Rendition{}, err
	}
	if len(body.Variants) > 0 {
		body.Language = p.Content.Language
	}
	for _, language := range slices.Sorted(maps.Keys(body.Variants)) {
		if n := body.Variants[language].Cost.Segments; n > body.Cost.Segments {
			warnings = append(warnings, fmt.Sprintf("%s: %d SMS", language, n))
		}
	}
	r, err := channel.NewRendition(w.spec, body, body.Text)
	if err != nil {
		return r, err
	}
	r.Units, r.ContentLength, r.Warnings = body.Cost.Segments, body.Cost.Units, warnings
	r.CostMicroEUR = int64(r.Units) * w.style.CostMicroEUR
	return r, nil
}

// write makes the text in one language. An officer's own is folded and counted,
// never cut.
func (w *Writer) write(p events.Publication, profile channel.Profile) (Body, []string, error) {
	body := Body{}
	mentions := w.style.Mentions
	sample := w.publicURL + unsubscribeSample
	if strings.Contains(mentions.Service, unsubscribePlace) && p.Class == events.ClassService {
		mentions.Service = strings.ReplaceAll(mentions.Service, unsubscribePlace, sample)
		body.Unsubscribe = sample
	}
	var warnings []string
	if own, ok := p.Text(w.spec.ID); ok {
		text, err := officersText(headed(p, own), p.Class, mentions)
		if err != nil {
			return body, nil, err
		}
		folded := gsm.Fold(text, w.style.Policy)
		body.Text, warnings = folded.Text, replaced(folded.Replacements)
	} else {
		composed, err := w.compose(p, profile, mentions)
		if err != nil {
			return body, nil, events.Permanent(events.ReasonInvalidContent, err)
		}
		body.Text = composed.Text
		for _, field := range composed.Cut {
			warnings = append(warnings, "cut: "+field)
		}
		warnings = append(warnings, replaced(composed.Folds)...)
	}
	body.Cost = gsm.Count(body.Text)
	return body, warnings, nil
}

// replaced says once each what of a text was written otherwise or left out.
func replaced(list []gsm.Replacement) []string {
	var warnings []string
	for _, r := range list {
		text := fmt.Sprintf("folded: %s → %s", r.From, r.To)
		if r.To == "" {
			if strings.IndexFunc(r.From, func(c rune) bool { return unicode.IsGraphic(c) && !unicode.IsMark(c) }) < 0 {
				continue // what goes with an emoji, and is not seen
			}
			text = "removed: " + r.From
		}
		if !slices.Contains(warnings, text) {
			warnings = append(warnings, text)
		}
	}
	return warnings
}

func (w *Writer) compose(p events.Publication, profile channel.Profile, m gsm.Mentions) (gsm.Composed, error) {
	n, limits := gsm.Notice{
		Class: gsm.Class(p.Class), Mark: strings.TrimSuffix(headed(p, p.Content.Title), p.Content.Title), Title: p.Content.Title,
		Place: p.Content.Place, When: profile.Whens(p), Link: profile.Link,
	}, w.limits
	if profile.Abbreviations != nil {
		limits = shortening(limits, profile.Abbreviations)
	}
	why, what, alert := channel.Why(p), strings.TrimSpace(p.Content.Instruction), p.Class == events.ClassAlert
	if alert && what+why != "" {
		limits.Septets = max(limits.Septets, alertSeptets)
		n.Instruction = beginnings(cmp.Or(why, what), limits.Septets*3/5)
	} else if why != "" {
		n.Instruction = beginnings(why, limits.Septets/2, limits.Septets*3/8, limits.Septets/4)
	}
	if why == "" {
		return gsm.Compose(n, m, limits)
	}
	composed, err := withReason(n, m, limits)
	if err != nil || !slices.Contains(composed.Cut, "title") || composed.TitleChars >= gsm.ReadableTitle {
		return composed, err
	}
	// Why tells nothing to those who cannot tell what is withdrawn.
	n.Instruction = nil
	clearer, err := gsm.Compose(n, m, limits)
	if err == nil && composed.TitleChars > 0 && clearer.TitleChars <= composed.TitleChars {
		return composed, nil
	}
	clearer.Cut = append(clearer.Cut, "instruction")
	return clearer, err
}

// withReason composes what is withdrawn: why is worth more than where and when
// it was to be.
func withReason(n gsm.Notice, m gsm.Mentions, limits gsm.Limits) (gsm.Composed, error) {
	composed, err := gsm.Compose(n, m, limits)
	for _, without := range [][]string{{"place"}, {"when"}, {"place", "when"}} {
		if err != nil || len(composed.Cut) == 0 {
			break
		}
		less := n
		if slices.Contains(without, "place") {
			less.Place = ""
		}
		if slices.Contains(without, "when") {
			less.When = nil
		}
		shorter, err := gsm.Compose(less, m, limits)
		if err != nil {
			return shorter, err
		}
		if len(shorter.Cut) == 0 || len(without) == 2 {
			shorter.Cut = append(without, shorter.Cut...)
			return shorter, nil
		}
	}
	return composed, err
}

// headed begins a text with all that marks the publication, in capitals: an SMS
// has no other way to set it off.
func headed(p events.Publication, text string) string {
	if prefix := channel.Prefix(p, text); prefix != "" {
		text = channel.WordsIn(p.Content.Language).Lead(strings.ToUpper(prefix), text)
	}
	return channel.Marked(p, text)
}

// beginnings are what is worth more than place and time, what to do or why a
// message is withdrawn: whole, its first sentences, and of the first what takes
// each number of characters.
func beginnings(text string, characters ...int) []string {
	said := prose.Sentences(strings.Join(strings.Fields(text), " "))
	var list []string
	for n := len(said); n > 0; n-- {
		list = append(list, strings.Join(said[:n], " "))
	}
	for _, most := range characters {
		list = append(list, prose.Cut(said[0], "..", func(s string) bool { return utf8.RuneCountInString(s) <= most }))
	}
	return list
}

// officersText adds the mention that the class demands, unless it is there.
func officersText(text string, class events.Class, m gsm.Mentions) (string, error) {
	mention := ""
	switch class {
	case events.ClassAlert:
		if gsm.HasStopCode(text) {
			return "", events.Permanent(events.ReasonInvalidContent, gsm.ErrStopOnAlert)
		}
	case events.ClassService:
		mention = m.Service
	case events.ClassPromotional:
		if m.Promotional == "" {
			return "", events.Permanent(events.ReasonInvalidConfig, gsm.ErrNoStop)
		}
		mention = m.Promotional
	}
	if mention == "" || strings.Contains(text, mention) {
		return text, nil
	}
	return strings.TrimRight(text, " \n") + "\n" + mention, nil
}

// Preview implements channel.Previewer.
func (w *Writer) Preview(r events.Rendition) (call.Preview, error) {
	body, err := channel.BodyOf[Body](r)
	if err != nil {
		return call.Preview{}, err
	}
	facts := []string{size(body.Cost)}
	if r.CostMicroEUR > 0 {
		facts = append(facts, strings.Replace(fmt.Sprintf("%.3f € par personne", float64(r.CostMicroEUR)/1e6), ".", ",", 1))
	}
	for _, a := range body.Cost.Accents {
		facts = append(facts, fmt.Sprintf("« %s » (%d fois) coûte %d SMS ; « %s » n’en coûte aucun", a.Char, a.Count, a.ExtraSegments, a.Fold))
	}
	out := call.Preview{Facts: append(facts, r.Warnings...)}
	for _, language := range slices.Sorted(maps.Keys(body.Variants)) {
		v := body.Variants[language]
		out.Variants = append(out.Variants, call.PreviewVariant{Language: language, Text: v.Text, Facts: []string{size(v.Cost)}})
	}
	return out, nil
}

// size says what a text takes: "122 caractères sur 160 · 1 SMS".
func size(c gsm.Cost) string {
	s := fmt.Sprintf("%d caractères sur %d · %d SMS", c.Units, c.Units+c.Remaining, c.Segments)
	if c.Encoding != gsm.GSM7 {
		s += " (des caractères rares en réduisent la place)"
	}
	return s
}

// In is the message for those who read a language.
func (b Body) In(language string) Body {
	if v, ok := channel.For(language, b.Language, b.Variants); ok {
		return v
	}
	return b
}

// For is the text that one recipient gets: in their language where there is
// one, with the address that ends it all in one gesture where the mention has
// one.
func (b Body) For(publicURL string, to call.Contact) string {
	v := b.In(to.Language)
	if v.Unsubscribe == "" {
		return v.Text
	}
	return strings.ReplaceAll(v.Text, v.Unsubscribe, publicURL+to.Unsubscribe)
}
