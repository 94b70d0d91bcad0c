package cap

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/normalizer/language"
)

// mended returns an info of which the French words are fit to be read.
// Météo-France's alerts lost their accents on the way to MeteoAlarm ("orage
// d?ete"), but carry the colour and the phenomenon as codes: their words are
// made again from these. In other texts, only the apostrophes are put back.
func mended(a record.Alert, i record.Info) record.Info {
	if l := language.Primary(i.Language); l != "fr" {
		return i
	}
	i.Headline, i.Description, i.Instruction = apostrophes(i.Headline), apostrophes(i.Description), apostrophes(i.Instruction)
	s, ok := colourOf(i)
	what := phenomenon(i.Parameters["awareness_type"])
	if !ok || what == "" || !meteoFrance(a, i) {
		return i
	}
	colour, meaning := Colour(s)
	i.Headline = "Vigilance " + colour + " " + what
	if where := departements(i.Areas); where != "" {
		i.Headline += " : " + where
	}
	i.Description = "Vigilance " + colour + " " + what + ". " + meaning
	i.Instruction = Advice(s)
	i.SenderName = "Météo-France, par MeteoAlarm (EUMETNET)" // whose terms ask to be named
	return i
}

func meteoFrance(a record.Alert, i record.Info) bool {
	return strings.HasSuffix(strings.ToLower(a.Sender), "@meteo.fr") || territory.Fold(i.SenderName) == "meteo france"
}

// colourOf reads MeteoAlarm's awareness_level, such as "2; yellow; Moderate".
func colourOf(i record.Info) (events.Severity, bool) {
	level, _, _ := strings.Cut(cmp.Or(i.AwarenessRaw, i.Parameters["awareness_level"]), ";")
	switch strings.TrimSpace(level) {
	case "1":
		return events.SeverityMinor, true
	case "2":
		return events.SeverityModerate, true
	case "3":
		return events.SeveritySevere, true
	case "4":
		return events.SeverityExtreme, true
	}
	return events.SeverityUnknown, false
}

// phenomenon is Météo-France's name of a MeteoAlarm awareness_type, such as
// "3; Thunderstorm"; empty when it has none.
func phenomenon(kind string) string {
	number, _, _ := strings.Cut(kind, ";")
	switch strings.TrimSpace(number) {
	case "1":
		return "vent violent"
	case "2":
		return "neige-verglas"
	case "3":
		return "orages"
	case "5":
		return "canicule"
	case "6":
		return "grand froid"
	case "7":
		return "vagues-submersion"
	case "9":
		return "avalanches"
	case "10", "13":
		return "pluie-inondation"
	case "12":
		return "crues"
	}
	return ""
}

// maxNamed bounds the départements of a headline.
const maxNamed = 4

func departements(areas []record.AlertArea) string {
	var names []string
	for _, a := range areas {
		if d, ok := territory.France().DepartementByName(a.Description); ok {
			names = append(names, d.Name)
		}
	}
	if len(names) == 0 || len(names) > maxNamed || len(names) < len(areas) {
		return ""
	}
	return strings.Join(names, ", ")
}

var lostApostrophe = regexp.MustCompile(`(?i)\b([ldnsmtcj]|qu|jusqu|lorsqu)\?(\p{L})`)

func apostrophes(s string) string {
	if !strings.Contains(s, "?") {
		return s
	}
	return lostApostrophe.ReplaceAllString(s, "$1’$2")
}

// Colour is the name of a severity in the vigilance of Météo-France and
// Vigicrues, and what it means (vigilance.meteofrance.fr, "Comprendre").
func Colour(s events.Severity) (name, meaning string) {
	switch s {
	case events.SeverityModerate:
		return "jaune", "Des phénomènes habituels dans la région, mais occasionnellement et localement dangereux, sont prévus."
	case events.SeveritySevere:
		return "orange", "Des phénomènes dangereux sont prévus."
	case events.SeverityExtreme:
		return "rouge", "Des phénomènes dangereux d’intensité exceptionnelle sont prévus."
	}
	return "verte", "Pas de vigilance particulière."
}

// Advice is what people are asked to do at a colour, in the words of the
// State's services; empty when nothing is.
func Advice(s events.Severity) string {
	switch s {
	case events.SeverityModerate:
		return "Soyez attentifs si vous pratiquez des activités sensibles au risque météorologique ou exposées aux crues. Tenez-vous au courant de l’évolution de la situation."
	case events.SeveritySevere:
		return "Soyez très vigilants : des phénomènes dangereux sont prévus. Tenez-vous au courant de l’évolution de la situation et suivez les conseils de sécurité émis par les pouvoirs publics."
	case events.SeverityExtreme:
		return "Une vigilance absolue s’impose : des phénomènes dangereux d’intensité exceptionnelle sont prévus. Tenez-vous régulièrement au courant de l’évolution de la situation et respectez impérativement les consignes de sécurité émises par les pouvoirs publics."
	}
	return ""
}
