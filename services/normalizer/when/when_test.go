package when_test

import (
	"testing"
	"time"

	_ "time/tzdata"

	"github.com/crieur/crieur/services/normalizer/when"
)

func TestRead(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	ref := time.Date(2026, 11, 20, 9, 0, 0, 0, paris)
	for text, want := range map[string]string{
		"du 3 au 5 décembre 2026":                                          "2026-12-03 00:00 / 2026-12-05 23:59",
		"Coupure du lundi 30 novembre au vendredi 4 décembre":              "2026-11-30 00:00 / 2026-12-04 23:59",
		"lundi 23 novembre à 20h30":                                        "2026-11-23 20:30 / 2026-11-23 23:59",
		"Le lundi 23 novembre de 9 h à 17h30, rue Nationale":               "2026-11-23 09:00 / 2026-11-23 17:30",
		"samedi 28 et dimanche 29 novembre":                                "2026-11-28 00:00 / 2026-11-29 23:59",
		"les 1er, 2 et 3 décembre":                                         "2026-12-01 00:00 / 2026-12-03 23:59",
		"jusqu’au 14/12/2026":                                              "- / 2026-12-14 23:59",
		"jusqu'au 5 janvier":                                               "- / 2027-01-05 23:59",
		"À partir du 1er décembre, la mairie ferme à 17 h":                 "2026-12-01 00:00 / -",
		"demain de 9 h à midi":                                             "2026-11-21 09:00 / 2026-11-21 12:00",
		"ce soir à 19:30":                                                  "2026-11-20 19:30 / 2026-11-20 23:59",
		"Aujourd'hui, conseil municipal":                                   "2026-11-20 00:00 / 2026-11-20 23:59",
		"31/12/26 de 22h à 2h":                                             "2026-12-31 22:00 / 2027-01-01 02:00",
		"Publié le 3 décembre 2026. Réunion le 8 décembre à 18 heures":     "2026-12-08 18:00 / 2026-12-08 23:59",
		"Arrêté du 2 décembre 2026":                                        "",
		"du 28 décembre au 3 janvier":                                      "2026-12-28 00:00 / 2027-01-03 23:59",
		"Le 14 juillet 2019, fête":                                         "",
		"Dimanche 10 janvier à 15h":                                        "2027-01-10 15:00 / 2027-01-10 23:59",
		"31 février 2027":                                                  "",
		"tarif 5 à 10 euros, de 3 à 5 ans":                                 "",
		"tél. 05 56 12 11 10":                                              "",
		"version 1.2.2026":                                                 "",
		"Repas du 23 au 27 novembre : purée":                               "2026-11-23 00:00 / 2026-11-27 23:59",
		"DU MARDI 1ER AU JEUDI 3 DECEMBRE":                                 "2026-12-01 00:00 / 2026-12-03 23:59",
		"le 23.11.2026":                                                    "2026-11-23 00:00 / 2026-11-23 23:59",
		"Vigilance du mardi 24 novembre 14 h au mercredi 25 novembre 20 h": "2026-11-24 14:00 / 2026-11-25 20:00",
		"du mardi 24 novembre à 14 h au mercredi 25 novembre à 20 h":       "2026-11-24 14:00 / 2026-11-25 20:00",
		"du 24/11/2026 à 14h00 au 25/11/2026 à 20h00":                      "2026-11-24 14:00 / 2026-11-25 20:00",
		"du 24 novembre, 14 h au 24 novembre, 20 h":                        "2026-11-24 14:00 / 2026-11-24 20:00",
		"Orange du mardi 14 h au mercredi 6 h":                             "2026-11-24 14:00 / 2026-11-25 06:00",
		"du vendredi à 8h au dimanche à minuit":                            "2026-11-20 08:00 / 2026-11-22 23:59",
		"ouvert du lundi au vendredi de 9 h à 17 h":                        "",
		"le mardi 24 novembre de 14 h à 20 h":                              "2026-11-24 14:00 / 2026-11-24 20:00",
		"Bal de 21h à 2h samedi 28 novembre":                               "2026-11-28 21:00 / 2026-11-29 02:00",
		"entre 8 h et 17 h, le jeudi 26 novembre":                          "2026-11-26 08:00 / 2026-11-26 17:00",
		"Réunion publique à 18h30 le jeudi 26 novembre 2026":               "2026-11-26 18:30 / 2026-11-26 23:59",
		"de 9h à 17h du 3 au 5 décembre":                                   "2026-12-03 09:00 / 2026-12-05 17:00",
		"ouvert de 9h à 12h les 3, 4 et 5 décembre":                        "2026-12-03 09:00 / 2026-12-05 12:00",
		"20h30 demain":                                                     "2026-11-21 20:30 / 2026-11-21 23:59",
		"Circulation interdite jusqu'à 17h le 26 novembre":                 "- / 2026-11-26 17:00",
		"mairie ouverte de 9h à 12h. Samedi 28 novembre, bal":              "2026-11-28 00:00 / 2026-11-28 23:59",
		"ouvert de 9h à 12h, le samedi 28 novembre de 14h à 16h":           "2026-11-28 14:00 / 2026-11-28 16:00",
		"mercredi prochain à 14h":                                          "2026-11-25 14:00 / 2026-11-25 23:59",
		"vendredi prochain":                                                "2026-11-27 00:00 / 2026-11-27 23:59",
		"rendez-vous ce samedi de 10h à midi":                              "2026-11-21 10:00 / 2026-11-21 12:00",
		"ce samedi 28 novembre":                                            "2026-11-28 00:00 / 2026-11-28 23:59",
		"le mercredi de 14h à 18h":                                         "",
		"mercredi 25 novembre, 14h-16h":                                    "2026-11-25 14:00 / 2026-11-25 16:00",
		"":                                                                 "",
	} {
		got := span(when.Read("", text, ref, ref, paris))
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func span(t when.Told) string {
	if t.Start.IsZero() && t.End.IsZero() {
		return ""
	}
	return show(t.Start) + " / " + show(t.End)
}

func show(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("2006-01-02 15:04")
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"du 3 au 5 décembre 2026", "31/02 de 22h à", "jusqu'au", "1er 1er 1er,,,"} {
		f.Add(s)
	}
	ref := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		for _, span := range when.Find(s, ref, time.UTC) {
			if !span.Start.IsZero() && !span.End.IsZero() && span.End.Before(span.Start) {
				t.Errorf("%q: ends before it starts: %+v", s, span)
			}
		}
		told := when.Read(s, s, ref, ref, time.UTC)
		for _, at := range []time.Time{told.End, told.Last, told.Named} {
			if !at.IsZero() && (at.Before(told.Start) && at != told.Named || !at.After(ref)) {
				t.Errorf("%q: is over when it is written: %+v", s, told)
			}
		}
	})
}
