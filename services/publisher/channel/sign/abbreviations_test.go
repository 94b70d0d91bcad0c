package sign_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/sign"
)

// settings are as the registry has them: JSON.
func settings(t *testing.T, table string) channel.Spec {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"abbreviations": table,
		"profiles":      map[string]any{"petit": map[string]any{"rows": 2, "columns": 16, "maxPages": 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return channel.Spec{Authority: "pessac", ID: "panneaux", Kind: sign.Kind, Settings: body}
}

func TestAnAuthorityShortensItsOwnWords(t *testing.T) {
	t.Parallel()
	c, err := sign.New(settings(t, "full,short,rank\nbibliobus,bibus,1\n"), channel.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	p := channeltest.Publication()
	p.Content.Title, p.Content.Summary, p.Content.Place, p.Content.Instruction = "Passage du bibliobus", "Il passe ce matin.", "", ""
	r, err := c.Render(p, channel.Profile{Endpoint: "mairie", Shape: []byte(`{"rows":2,"columns":16,"maxPages":1}`)})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.Text, "bibus") || strings.Contains(string(r.Body), "abbreviations") {
		t.Errorf("rendition: %q, body %s", r.Text, r.Body)
	}
}

func TestConflictingAbbreviationsAreRefused(t *testing.T) {
	t.Parallel()
	_, err := sign.New(settings(t, "full,short,rank\nmarché,mar.,1\n"), channel.Deps{})
	if err == nil || !strings.Contains(err.Error(), "sign pessac/panneaux: panel: abbreviations: line 2: marché,mar.") {
		t.Errorf("got %v", err)
	}
}
