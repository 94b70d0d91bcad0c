package vigilance

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/ingest/source"
)

// page is where a person reads the map.
const page = "https://vigilance.meteofrance.fr/"

// level is a colour as the interface numbers them: 1 green to 4 red.
type level int

const (
	yellow level = 2
	red    level = 4
)

func colours() []string { return []string{"", "vert", "jaune", "orange", "rouge"} }

// phenomena are numbered by the interface.
func phenomena() []string {
	return []string{
		"", "vent", "pluie-inondation", "orages", "crues", "neige-verglas", "canicule", "grand froid", "avalanches", "vagues-submersion",
	}
}

func days() []string {
	return []string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}
}

func months() []string {
	return []string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}
}

func (w Warning) item() string { return w.Domain + "-" + strconv.Itoa(w.Phenomenon) }

// Records gives the warnings, and what to remember of them. before is what was
// remembered of the issue before.
func (b *Bulletin) Records(before map[string]Shown) ([]source.Record, map[string]Shown) {
	records := make([]source.Record, 0, len(b.Warnings))
	shown := make(map[string]Shown, len(b.Warnings))
	for _, w := range b.Warnings {
		last := before[w.item()]
		w.Steps = since(b.Begin, last.Steps, w.Steps)
		text := b.Texts.of(w)
		if last.Text != "" && (text == "" || sameSteps(last.Steps, w.Steps)) {
			text = last.Text // the same warning, in other words
		}
		shown[w.item()] = Shown{Steps: w.Steps, Text: text}
		records = append(records, source.Record{Item: w.item(), URL: page, Value: b.alert(w, text)})
	}
	return records, shown
}

func (b *Bulletin) alert(w Warning, text string) record.Alert {
	worst := w.worst(b.Begin)
	colour, phenomenon := colours()[worst.Level], phenomena()[w.Phenomenon]
	where := w.Departement
	if d, ok := territory.France().Departement(w.Departement); ok {
		where = d.Name
	}
	if w.Domain != w.Departement {
		where += " (littoral)"
	}
	event := fmt.Sprintf("Vigilance %s %s", colour, phenomenon)
	return record.Alert{
		Identifier: "vigilance-" + w.item(), Sender: "vigilance.meteofrance.fr", Sent: b.Sent,
		Status: "Actual", MsgType: "Alert", Scope: "Public",
		Infos: []record.Info{{
			Language: "fr-FR", Categories: []string{"Met"}, Event: event, SenderName: "Météo-France",
			Headline: event + " : " + where, Description: strings.TrimSpace(hours(w.Steps, b.zone) + "\n\n" + text),
			Onset: worst.Begin, Expires: w.end(), Web: page,
			AwarenessRaw: fmt.Sprintf("%d; %s", worst.Level, colour),
			Parameters:   map[string]string{"phenomenon_id": strconv.Itoa(w.Phenomenon), "domain_id": w.Domain},
			Areas:        []record.AlertArea{{Description: where, Geocodes: map[string][]string{"DEPARTEMENT": {w.Departement}}}},
		}},
	}
}
