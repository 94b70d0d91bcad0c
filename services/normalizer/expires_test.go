package normalizer_test

import (
	"testing"
	"time"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
)

// TestStandingIsNotExpired reads entries of Monday 23 November 2026, 9 h in Paris:
// what they tell still stands, and is of use until then. An onset, end or expiry is
// written in Paris's time; "-" is none.
func TestStandingIsNotExpired(t *testing.T) {
	t.Parallel()
	p := pipeline(t)
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := func(day string) time.Time {
		d, err := time.ParseInLocation("2006-01-02 15:04", day, paris)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	now := at("2026-11-23 09:00")
	source, authority := known()
	for name, c := range map[string]struct {
		entry record.Entry
		want  string // class: onset / ends / expires
	}{
		"yesterday's pollution": {
			record.Entry{Title: "Ne buvez pas l'eau du robinet", Body: "Une pollution a été détectée le 22 novembre au captage. Ne buvez pas l'eau du robinet jusqu'à nouvel ordre."},
			"alert: - / - / 2026-11-26 09:00",
		},
		"yesterday's leak": {
			record.Entry{Title: "Coupure d'eau", Body: "Suite à une fuite survenue dimanche 22 novembre, l'eau est coupée rue Zola."},
			"service: - / - / 2026-11-26 09:00",
		},
		"last night's fire": {
			record.Entry{Title: "Gymnase fermé", Body: "Le gymnase a été détruit par un incendie dans la nuit du 22 au 23 novembre. Activités suspendues jusqu'à nouvel ordre."},
			"promotional: - / - / 2026-12-08 09:00",
		},
		"an alert of yesterday": {
			record.Entry{Title: "Alerte du 22 novembre 16h : vigilance rouge vent", Body: "Ne sortez pas cette nuit."},
			"alert: - / - / 2026-11-24 23:59",
		},
		"this morning's fire": {
			record.Entry{Title: "Incendie", Body: "Un incendie s'est déclaré lundi 23 novembre à 8h30. Mettez-vous à l'abri."},
			"alert: - / - / 2026-11-24 09:00",
		},
		"a danger of today": {
			record.Entry{Title: "Ne buvez pas l'eau du robinet ce lundi 23 novembre", Body: "Ne buvez pas l'eau du robinet."},
			"alert: 2026-11-23 00:00 / - / 2026-11-24 09:00",
		},
		"a ban from this day on": {
			record.Entry{Title: "Plage interdite", Body: "Par arrêté du 22 novembre, l'accès à la plage est interdit à compter de ce jour."},
			"service: 2026-11-23 00:00 / - / 2026-11-30 23:59",
		},
		"a worksite of two years": {
			record.Entry{Title: "Travaux rue Zola", Body: "Rue barrée.", Published: at("2025-06-01 09:00"), Starts: at("2025-09-01 00:00"), Ends: at("2027-02-26 00:00")},
			"service: 2025-09-01 00:00 / 2027-02-26 00:00 / 2027-02-26 00:00",
		},
		"a worksite without an end": {
			record.Entry{Title: "Travaux rue Zola", Body: "Rue barrée.", Published: at("2025-06-01 09:00"), Starts: at("2025-09-01 00:00")},
			"service: 2025-09-01 00:00 / - / 2026-11-30 23:59",
		},
		"an end that is none": {
			record.Entry{Title: "Travaux rue Zola", Body: "Rue barrée.", Starts: at("2025-09-01 00:00"), Ends: at("9999-12-31 00:00")},
			"service: 2025-09-01 00:00 / 9999-12-31 00:00 / 2027-11-24 09:00",
		},
		"an old alert touched today": {
			record.Entry{Title: "Alerte : ne sortez pas, verglas", Body: "Vigilance rouge ce soir.", Published: at("2024-01-10 09:00"), Updated: at("2026-11-23 08:55")},
			"alert: - / - / 2026-11-24 08:55",
		},
		"an old market touched today": {
			record.Entry{Title: "Marché de Noël", Body: "Samedi 6 décembre de 10h à 19h.", Published: at("2025-11-28 09:00"), Updated: at("2026-11-23 08:55")},
			"promotional: - / - / 2026-12-08 08:55",
		},
		"Drupal's fields": {
			record.Entry{Title: "Stationnement interdit", Published: now, Body: `<span>Stationnement interdit</span> <span><span about="/user/3" typeof="schema:Person">webmaster</span></span> <span><time datetime="2026-11-23T09:00:00+01:00">lun 23/11/2026 - 09:00</time></span> <div class="field--name-body"><p>Le stationnement est interdit du 30 novembre au 2 décembre.</p></div>`},
			"service: 2026-11-30 00:00 / 2026-12-02 23:59 / 2026-12-02 23:59",
		},
		"two slots": {
			record.Entry{Title: "Coupure d'électricité", Body: "Le 26 novembre de 8h30 à 11h30 et de 13h45 à 16h."},
			"service: 2026-11-26 08:30 / 2026-11-26 16:00 / 2026-11-26 16:00",
		},
		"an exhibition": {
			record.Entry{Title: "Exposition", Body: "Vernissage le 27 novembre. Exposition visible jusqu'au 31 janvier."},
			"promotional: 2026-11-27 00:00 / 2026-11-27 23:59 / 2027-01-31 23:59",
		},
		"a hunt": {
			record.Entry{Title: "Battue aux sangliers dimanche", Body: "Prudence en forêt dimanche matin, de 8h à 13h."},
			"service: 2026-11-29 08:00 / 2026-11-29 13:00 / 2026-11-29 13:00",
		},
		"a week": {
			record.Entry{Title: "Coupure d'eau", Body: "Purge du réseau la semaine prochaine."},
			"service: - / - / 2026-12-06 23:59",
		},
		"weather from tomorrow on": {
			record.Entry{Title: "Vigilance orange canicule à partir de demain midi"},
			"service: 2026-11-24 12:00 / - / 2026-11-25 23:59",
		},
		"works of weeks": {
			record.Entry{Title: "Travaux rue Zola", Body: "À compter du lundi 30 novembre et pour une durée de 3 semaines, la rue est barrée."},
			"service: 2026-11-30 00:00 / 2026-12-20 23:59 / 2026-12-20 23:59",
		},
		"an accident": {
			record.Entry{Title: "Accident sur la rocade", Body: "Un accident s'est produit ce matin. La rocade est coupée, circulation déviée."},
			"service: - / - / 2026-11-24 09:00",
		},
	} {
		if c.entry.Published.IsZero() {
			c.entry.Published = now
		}
		r := raw("site", "1", 1, c.entry)
		r.FetchedAt = now
		m, err := p.Normalise(r, source, registry.Authority{ID: authority.ID, Name: authority.Name, INSEE: authority.INSEE, TimeZone: "Europe/Paris"}, now)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		show := func(at *time.Time) string {
			if at == nil {
				return "-"
			}
			return at.In(paris).Format("2006-01-02 15:04")
		}
		got := string(m.Class) + ": " + show(m.Onset) + " / " + show(m.Ends) + " / " + show(&m.Expires)
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if !m.Expires.After(now) {
			t.Errorf("%s: expired on arrival", name)
		}
	}
}
