package web_test

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/services/web"
)

func TestTranslator(t *testing.T) {
	t.Parallel()
	re := newRenderer(t)
	fr, en := re.In("fr"), re.In("en")
	evening := time.Date(2026, 11, 23, 19, 15, 0, 0, time.UTC) // 20:15 in Paris
	first := time.Date(2026, 7, 31, 22, 0, 0, 0, time.UTC)     // midnight on 1 August in Paris
	for _, c := range []struct{ name, got, want string }{
		{"date and time", fr.DateTime(evening), "lundi 23 novembre 2026 à 20 h 15"},
		{"first of the month, whole hour", fr.DateTime(first), "samedi 1er août 2026 à 0 h"},
		{"english date", en.DateTime(evening), "Monday 23 November 2026 at 20:15"},
		{"short date", fr.ShortDate(first), "01/08/2026"},
		{"thousands", fr.Number(1234.5), "1 234,5"},
		{"millions", fr.Number(12345678), "12 345 678"},
		{"english thousands", en.Number(1234.5), "1,234.5"},
		{"negative", fr.Number(-3), "−3"},
		{"no negative zero", fr.Number(-0.001), "0"},
		{"rounded", fr.Number(2.999), "3"},
		{"hundred keeps its zeros", fr.Number(100), "100"},
		{"missing", fr.Number(math.NaN()), "–"},
		{"text is left alone", fr.Number("n/a"), "n/a"},
		{"percent", fr.Percent(0.8642), "86,4 %"},
		{"english percent", en.Percent(0.5), "50%"},
		{"euros", fr.Euros(1_234_560_000), "1 234,56 €"},
		{"price of an SMS", fr.Euros(48_500), "0,0485 €"},
		{"nothing to pay", fr.Euros(0), "0,00 €"},
		{"now", fr.Ago(evening.Add(-20 * time.Second)), "à l’instant"},
		{"minutes ago", fr.Ago(evening.Add(-5 * time.Minute)), "il y a 5 min"},
		{"in hours", fr.Ago(evening.Add(2 * time.Hour)), "dans 2 h"},
		{"silent source", fr.Ago(evening.Add(-26 * time.Hour)), "il y a 26 h"},
		{"days ago in english", en.Ago(evening.Add(-72 * time.Hour)), "3 d ago"},
		{"long ago", fr.Ago(evening.AddDate(-1, 0, 0)), "dimanche 23 novembre 2025"},
		{"almost an hour", fr.Duration(59*time.Minute + 50*time.Second), "1 h"},
		{"milliseconds", fr.Duration(250 * time.Millisecond), "250 ms"},
		{"plural other", fr.T("hello", "n", 2, "name", "Jo"), "2 bonjours à Jo"},
		{"zero is singular in French", fr.T("hello", "n", 0, "name", "Jo"), "0 bonjour à Jo"},
		{"one and a half is singular in French", fr.T("hello", "n", 1.5, "name", "Jo"), "1,5 bonjour à Jo"},
		{"zero is plural in English", en.T("hello", "n", 0, "name", "Jo"), "0 hellos to Jo"},
		{"a value is not a template", fr.T("hello", "n", 1, "name", "{n}"), "1 bonjour à {n}"},
		{"unknown key", fr.T("no.such"), "no.such"},
		{"unknown language", re.In("de").Language, "fr"},
	} {
		if got := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(c.got); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if !strings.Contains(fr.Number(1000), "\u202f") || !strings.Contains(fr.Clock(evening), "20\u00a0h\u00a015") {
		t.Error("numbers or hours may break at the end of a line")
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, query, cookie, accept, want string }{
		{"default", "", "", "", "fr"},
		{"preferred", "", "", "en-GB,en;q=0.9,fr;q=0.5", "en"},
		{"preferred, by weight", "", "", "en;q=0.2, fr-CA", "fr"},
		{"none that we speak", "", "", "de, ja", "fr"},
		{"malformed", "", "", ";;;q=", "fr"},
		{"cookie first", "", "en", "fr", "en"},
		{"address before cookie", "?lang=fr", "en", "en", "fr"},
		{"unknown in address", "?lang=xx", "", "en", "en"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			answer := get(t, newSite(t), "/hello/x"+c.query, "Accept-Language", c.accept, "Cookie", "crieur_lang="+c.cookie)
			if !strings.Contains(answer.Body.String(), `<html lang="`+c.want+`">`) {
				t.Errorf("not in %s", c.want)
			}
		})
	}
	chosen := get(t, newSite(t), "/hello/x?lang=en&q=1")
	cookies := chosen.Result().Cookies() //nolint:bodyclose // a recorder has no connection
	if len(cookies) != 1 || cookies[0].Value != "en" || cookies[0].SameSite != http.SameSiteLaxMode {
		t.Errorf("the choice is not remembered: %v", cookies)
	}
	if !strings.Contains(chosen.Body.String(), `href="/hello/x?lang=fr&amp;q=1"`) {
		t.Error("the other language's link loses the rest of the address")
	}
}

func TestNoBreaks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"colon", "Annulation : le marché", "Annulation\u00a0: le marché"},
		{"high signs", "Quoi ? Vite ! Ici ; là", "Quoi\u202f? Vite\u202f! Ici\u202f; là"},
		{"quotation", "Le flux « Alertes ».", "Le flux «\u00a0Alertes\u00a0»."},
		{"figures", "12 % pour 3 €", "12\u00a0% pour 3\u00a0€"},
		{"set already", "Où\u202f? «\u00a0là\u00a0»", "Où\u202f? «\u00a0là\u00a0»"},
		{"English", "Why? Because: 12%!", "Why? Because: 12%!"},
		{"address", "https://albi.fr/?a=1", "https://albi.fr/?a=1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := web.NoBreaks(c.text); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestRightToLeft(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]bool{"ar": true, "ar-simple": true, "he-IL": true, "fa": true, "fr": false, "ar-Latn": false, "": false, "?": false} {
		if web.RightToLeft(tag) != want {
			t.Errorf("RightToLeft(%q) = %t", tag, !want)
		}
	}
}
