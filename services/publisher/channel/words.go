package channel

import (
	"slices"
	"strings"
)

// Words are what we write around a text.
type Words struct {
	Cancelled, Reason   string
	Correction, Updated string
	Over                []string // how titles begin that say the end of something
	Alert               string   // of a card
	Exercise, Test      string
	Colon               string // with its space
	Check, CheckShort   string // of the link to the publication's page
	Because             string // why a subscriber gets it; the authority's name follows
	Leave, LeaveNow     string // of the link that ends it
	Image, Source       string
	Valid               string // before a moment
	Listen              string // of the link to the audio
}

// WordsIn are those of a language: French for France's languages, English for
// the others.
func WordsIn(language string) Words {
	if french(language) {
		return Words{
			Cancelled: "Message retiré", Reason: "Motif", Correction: "Rectificatif", Updated: "Mise à jour",
			Over: []string{"fin", "levée", "retour"}, Alert: "ALERTE", Exercise: "EXERCICE", Test: "TEST", Colon: " : ",
			Check: "Vérifier ce message et en savoir plus", CheckShort: "Vérifier ce message",
			Because: "Vous recevez ce message parce que vous êtes abonné aux informations de",
			Leave:   "Se désabonner", LeaveNow: "Se désabonner en un geste",
			Image: "Image", Source: "Source", Valid: "Valable jusqu’au", Listen: "Écouter ce message",
		}
	}
	return Words{
		Cancelled: "Message withdrawn", Reason: "Reason", Correction: "Correction", Updated: "Update",
		Over: []string{"end"}, Alert: "ALERT", Exercise: "EXERCISE", Test: "TEST", Colon: ": ",
		Check: "Check this message and learn more", CheckShort: "Check this message",
		Because: "You receive this message because you subscribed to news from",
		Leave:   "Unsubscribe", LeaveNow: "Unsubscribe in one step",
		Image: "Image", Source: "Source", Valid: "Valid until", Listen: "Listen to this message",
	}
}

// french tells whether those who read a language read French around it: the
// default, and France's regional languages.
func french(language string) bool {
	primary, _, _ := strings.Cut(strings.ToLower(language), "-")
	return slices.Contains([]string{
		"", "fr", "br", "ca", "co", "eu", "frp", "gcf", "gcr", "gsw", "oc", "rcf", "vls",
	}, primary)
}
