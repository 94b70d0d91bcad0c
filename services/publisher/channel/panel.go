package channel

import (
	"slices"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/panel"
)

// OnPanel lays a publication out on a panel of a channel. What to do comes
// before the rest of an alert, and wherever a panel cannot say all: the end of a
// text is what it leaves out.
func OnPanel(p events.Publication, profile Profile, channelID string, shape panel.Profile) (panel.Rendition, error) {
	if shape.Abbreviations == nil {
		shape.Abbreviations = profile.Abbreviations
	}
	title, text := Marked(p, p.Content.Title), Short(p)
	if own, ok := p.Text(channelID); ok {
		text = own
	}
	if p.MsgType == events.MsgCancel { // seen in a preview alone: the panel is cleared
		title, text = Headline(p), Why(p)
	}
	shortWhen := ""
	if whens := profile.Whens(p); len(whens) > 0 {
		shortWhen = whens[len(whens)-1]
	}
	say := func(first, then string) (panel.Rendition, error) {
		return panel.Render(panel.Content{
			Title: title,
			When:  profile.When(p),
			Place: p.Content.Place,
			Text:  join("\n\n", first, then),

			ShortWhen: shortWhen,
		}, shape)
	}
	instruction := p.Content.Instruction
	if p.Class == events.ClassAlert {
		return say(instruction, text)
	}
	laid, err := say(text, instruction)
	cut := func(w panel.Warning) bool { return w.Code == panel.Truncated }
	if err == nil && instruction != "" && slices.ContainsFunc(laid.Warnings, cut) {
		return say(instruction, text)
	}
	return laid, err
}
