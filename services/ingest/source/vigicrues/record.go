package vigicrues

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
)

// page is where a person reads the levels.
const page = "https://www.vigicrues.gouv.fr/"

// Records gives the reaches as alerts.
func (b *Bulletin) Records(opt Options) []source.Record {
	zone := opt.Zone
	if zone == nil {
		zone = time.UTC
	}
	records := make([]source.Record, 0, len(b.Reaches))
	for _, r := range b.Reaches {
		records = append(records, source.Record{Item: r.Code, URL: page, Value: b.alert(r, zone)})
	}
	return records
}

func (b *Bulletin) alert(r Reach, zone *time.Location) record.Alert {
	colour := colours()[r.Level]
	event := "Vigilance " + colour + " crues"
	sent := b.Sent.In(zone)
	text := []string{
		fmt.Sprintf("Le tronçon « %s » est en vigilance %s.", r.Name, colour), meaning(r.Level),
	}
	area := record.AlertArea{Description: r.Name, Geocodes: map[string][]string{}}
	for _, code := range r.Areas {
		name := "INSEE"
		if len(code) < 5 {
			name = "DEPARTEMENT"
		}
		area.Geocodes[name] = append(area.Geocodes[name], code)
	}
	for _, s := range r.Stations {
		text = append(text, s.tell(zone))
		if s.Lat != 0 {
			area.Circles = append(area.Circles, fmt.Sprintf("%.5f,%.5f 0", s.Lat, s.Lon))
		}
	}
	return record.Alert{
		Identifier: "vigicrues-" + r.Code, Sender: "www.vigicrues.gouv.fr", Sent: b.Sent,
		Status: "Actual", MsgType: "Alert", Scope: "Public",
		Infos: []record.Info{{
			Language: "fr-FR", Categories: []string{"Met"}, Event: event, SenderName: "Vigicrues",
			Headline: event + " : " + r.Name, Description: strings.Join(text, "\n\n"), Web: page,
			Expires:      time.Date(sent.Year(), sent.Month(), sent.Day()+2, 0, 0, 0, 0, zone).UTC(),
			AwarenessRaw: strconv.Itoa(r.Level) + "; " + colour,
			Parameters:   map[string]string{"CdEntVigiCru": r.Code},
			Areas:        []record.AlertArea{area},
		}},
	}
}

// meaning is the service's own definition of a level.
func meaning(level int) string {
	switch level {
	case yellow:
		return "Risque de crue génératrice de débordements et de dommages localisés ou de montée rapide et dangereuse des eaux, nécessitant une vigilance particulière notamment dans le cas d’activités exposées ou saisonnières."
	case red:
		return "Risque de crue majeure. Menace directe et généralisée de la sécurité des personnes et des biens."
	}
	return "Risque de crue génératrice de débordements importants susceptibles d’avoir un impact significatif sur la vie collective et la sécurité des biens et des personnes."
}
