package crisis

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/crieur/crieur/events/registry"
)

//go:embed models.json
var models []byte

// Models are the ready ones with an authority's own in their place, in the
// order of the file, then the authority's others; without those it hides.
func Models(authority string, own []registry.AlertModel) ([]registry.AlertModel, error) {
	var list []registry.AlertModel
	if err := json.Unmarshal(models, &list); err != nil {
		return nil, fmt.Errorf("crisis: models.json: %w", err)
	}
	for i := range list {
		list[i].Authority = authority
	}
	for _, m := range own {
		if i := slices.IndexFunc(list, func(l registry.AlertModel) bool { return l.ID == m.ID }); i >= 0 {
			list[i] = m
			continue
		}
		list = append(list, m)
	}
	return list, nil
}

var blank = regexp.MustCompile(`\{([^{}]+)\}`)

// Blanks are what is left to fill in a model's texts, in the order in which
// they are read, each once.
func Blanks(m registry.AlertModel) []string {
	var list []string
	for _, found := range blank.FindAllStringSubmatch(m.Title+"\n"+m.Instruction+"\n"+m.Text, -1) {
		if !slices.Contains(list, found[1]) {
			list = append(list, found[1])
		}
	}
	return list
}

// Part is a piece of a text: words, or a blank by its label.
type Part struct{ Words, Blank string }

// Parts splits a text at its blanks.
func Parts(text string) []Part {
	var list []Part
	at := 0
	for _, found := range blank.FindAllStringSubmatchIndex(text, -1) {
		if found[0] > at {
			list = append(list, Part{Words: text[at:found[0]]})
		}
		list = append(list, Part{Blank: text[found[2]:found[3]]})
		at = found[1]
	}
	if at < len(text) {
		list = append(list, Part{Words: text[at:]})
	}
	return list
}

// Fill puts words in the blanks of a text. What an officer types is never read
// as a blank.
func Fill(text string, words func(label string) string) string {
	var b strings.Builder
	for _, p := range Parts(text) {
		if p.Blank != "" {
			b.WriteString(words(p.Blank))
			continue
		}
		b.WriteString(p.Words)
	}
	return b.String()
}
