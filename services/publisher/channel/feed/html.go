package feed

import (
	"html"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// html is the entry's body: when and where, the content's own HTML, which the
// normalizer sanitised, or its text in paragraphs, and what to do.
func (c *Channel) html(p events.Publication, facts []string) string {
	var b strings.Builder
	if len(facts) > 0 {
		b.WriteString("<p><strong>" + channel.Inline(strings.Join(facts, "\n")) + "</strong></p>")
	}
	text := channel.HTML(c.text(p))
	if _, own := p.Text(c.spec.ID); !own && p.Content.HTML != "" {
		text = p.Content.HTML
	}
	b.WriteString(strings.Join(inOrder(p, text, channel.HTML(p.Content.Instruction)), ""))
	if credit := credits(p.Origin); credit != "" && c.cfg.Attribution {
		b.WriteString("<p><small>" + html.EscapeString(credit) + "</small></p>")
	}
	return b.String()
}

// credits names who the reused data is from, as its terms ask.
func credits(origin []events.Provenance) string {
	var names []string
	for _, o := range origin {
		name := o.Attribution
		if name == "" {
			continue
		}
		if o.Licence != "" {
			name += " (" + o.Licence + ")"
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return ""
	}
	return "Source : " + strings.Join(names, ", ")
}
