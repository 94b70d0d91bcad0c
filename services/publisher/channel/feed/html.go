package feed

import (
	"html"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// html is the entry's body: the content's own HTML, which the normalizer
// sanitised, or its text in paragraphs.
func (c *Channel) html(p events.Publication, text string) string {
	var b strings.Builder
	if p.Content.HTML != "" && text == strings.TrimSpace(p.Content.Text) {
		b.WriteString(p.Content.HTML)
	} else {
		b.WriteString(channel.HTML(text))
	}
	b.WriteString(channel.HTML(channel.ToDo(p)))
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
