package dedupe_test

import (
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/normalizer/dedupe"
	"github.com/crieur/crieur/services/normalizer/stem"
)

// FuzzJoin: two accounts are one incident in whichever order they come.
func FuzzJoin(f *testing.F) {
	f.Add("meteo", "Vigilance orange crues : Isle aval", "Orange : mardi de 14 h à 20 h.", "Severe flood warning", "vigilance", "rue X")
	f.Add("travaux-circulation", "N10, Cavignac : travaux", "99999 h 99", "Travaux RN 10", "A 10 à 24h99", "N10")
	f.Add("culture", "d’ l’ \xff", "— « É", "ligne", "tram a", "\u00a0")
	maker := dedupe.NewMaker(stem.New())
	f.Fuzz(func(t *testing.T, topic, titleA, textA, titleB, textB, place string) {
		at := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
		account := func(source, title, text string) events.Message {
			return events.Message{
				ID: source, Incident: source, Authority: "begles", Source: source, Status: events.StatusActual, Topic: topic,
				Content: events.Content{Title: title, Text: text}, Areas: []events.Area{{INSEE: []string{"33039"}, Place: place}},
				Sent: at, FetchedAt: at, Expires: at.Add(time.Hour),
			}
		}
		a, b := account("a", titleA, textA), account("b", titleB, textB)
		w, v := dedupe.NewWindow(maker), dedupe.NewWindow(maker)
		w.Join(a)
		v.Join(b)
		if there, back := w.Join(b).Incident == "a", v.Join(a).Incident == "b"; there != back {
			t.Fatalf("a then b: %v, b then a: %v", there, back)
		}
	})
}
