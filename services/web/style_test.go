package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestStyle draws every component in both languages and holds them to the rules of all pages.
func TestStyle(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"/console/style", "/console/style?lang=en", "/console/style?form=wrong"} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			answer := get(t, newSite(t), target)
			body := answer.Body.String()
			for _, inline := range []string{" style=", "<style", "onclick", "javascript:", "ZgotmplZ", "<no value>", "%!"} {
				if strings.Contains(body, inline) {
					t.Errorf("page contains %q", inline)
				}
			}
			checkIDs(t, body)
			if got := strings.Count(body, "<h1"); got != 1 {
				t.Errorf("%d h1, want 1", got)
			}
		})
	}
}

// checkIDs wants ids unique, and every reference to one to lead somewhere.
func checkIDs(t *testing.T, body string) {
	t.Helper()
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		if ids[m[1]] {
			t.Errorf("id %q is used twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(` (for|aria-describedby|aria-labelledby|href)="(#?[^"]*)"`).FindAllStringSubmatch(body, -1) {
		if m[1] == "href" && (!strings.HasPrefix(m[2], "#") || m[2] == "#") {
			continue
		}
		for id := range strings.FieldsSeq(strings.TrimPrefix(m[2], "#")) {
			if !ids[id] {
				t.Errorf("%s=%q leads nowhere", m[1], m[2])
			}
		}
	}
}

func TestErrorSummary(t *testing.T) {
	t.Parallel()
	answer := get(t, newSite(t), "/console/style?form=wrong")
	body := answer.Body.String()
	if answer.Code != http.StatusUnprocessableEntity {
		t.Errorf("status %d, want 422", answer.Code)
	}
	for _, want := range []string{
		"<title>Erreur\u00a0: Guide de style", "Il y a 2 erreurs à corriger", "<a href=\"#f-email\">Adresse de courriel\u00a0: saisissez",
		`value="jeanne@"`, `aria-describedby="f-email-hint f-email-error" aria-invalid="true"`,
		`value="sms" checked`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("page lacks %q", want)
		}
	}
}

func TestChartGaps(t *testing.T) {
	t.Parallel()
	body := get(t, newSite(t), "/console/style").Body.String()
	// Week 43 has no alert: the line is cut in two, and the table says so rather than zero.
	if got := strings.Count(body, `<path class="line series-1"`); got != 3 {
		t.Errorf("%d pieces of line, want 3 (one spark, two of the alerts)", got)
	}
	if !strings.Contains(body, "masqué ou absent") {
		t.Error("the hidden value has no words")
	}
	if !strings.Contains(body, "12\u202f840") {
		t.Error("the table alternative lacks 12 840")
	}
}
