package vigilance

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/crieur/crieur/services/ingest/fetch"
)

// maxText bounds the text kept of a warning, in runes.
const maxText = 6000

// Texts are the paragraphs of the texts by domain, then by phenomenon, 0 for
// those that name none.
type Texts map[string]map[int][]string

// textDocument is the form of textesvigilance.
type textDocument struct {
	Product *struct {
		Blocs []struct {
			Domain code `json:"domain_id"`
			Items  []struct {
				Texts []struct {
					Hazard whole `json:"hazard_code"`
					Terms  []struct {
						Parts []struct {
							Underlined string          `json:"underline_text"`
							Bold       string          `json:"bold_text"`
							Text       json.RawMessage `json:"text"`
						} `json:"subdivision_text"`
					} `json:"term_items"`
				} `json:"text_items"`
			} `json:"bloc_items"`
		} `json:"text_bloc_items"`
	} `json:"product"`
}

// ParseTexts reads the texts. A document without any is no error: there is then
// nothing to say. Its errors hold no part of the body.
func ParseTexts(body []byte, contentType string) (Texts, error) {
	text, _ := fetch.UTF8(body, contentType)
	var doc textDocument
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("vigilance: texts: %w", readable(err))
	}
	texts := Texts{}
	if doc.Product == nil {
		return texts, nil
	}
	for _, b := range doc.Product.Blocs {
		for _, item := range b.Items {
			for _, t := range item.Texts {
				for _, term := range t.Terms {
					for _, part := range term.Parts {
						texts.add(string(b.Domain), int(t.Hazard), title(part.Underlined, part.Bold), lines(part.Text))
					}
				}
			}
		}
	}
	return texts, nil
}

func (t Texts) add(domain string, phenomenon int, title, text string) {
	if text == "" {
		return
	}
	if t[domain] == nil {
		t[domain] = map[int][]string{}
	}
	if title != "" {
		text = title + " : " + text
	}
	t[domain][phenomenon] = append(t[domain][phenomenon], text)
}

// of is what the texts say of a warning, "" when nothing.
func (t Texts) of(w Warning) string {
	for _, domain := range []string{w.Domain, w.Departement} {
		for _, phenomenon := range []int{w.Phenomenon, 0} {
			if paragraphs := t[domain][phenomenon]; len(paragraphs) > 0 {
				text := []rune(strings.Join(paragraphs, "\n\n"))
				return string(text[:min(len(text), maxText)])
			}
		}
	}
	return ""
}

func title(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p = strings.Trim(strings.Join(strings.Fields(p), " "), " :"); p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, ", ")
}

// lines reads a text, or a list of them.
func lines(raw json.RawMessage) string {
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		var one string
		if json.Unmarshal(raw, &one) != nil {
			return ""
		}
		list = []string{one}
	}
	var out []string
	for _, l := range list {
		if l = strings.Join(strings.Fields(l), " "); l != "" {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}
