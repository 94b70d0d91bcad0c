package publisher_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
)

// TestAnAuthorityShortensItsOwnWords: one table, in SMS and on signs of every
// kind.
func TestAnAuthorityShortensItsOwnWords(t *testing.T) {
	t.Parallel()
	settings := func(text string) json.RawMessage {
		return json.RawMessage(strings.ReplaceAll(text, "FILE", secretFile(t)))
	}
	tw := newTown(t,
		registry.Channel{Authority: "pessac", ID: "sms", Name: "SMS", Kind: "sms", Settings: settings(`{"address": "127.0.0.1:1", "system_id": "s", "password_file": "FILE", "sender": "MAIRIE", "max_septets": 70}`)},
		registry.Channel{Authority: "pessac", ID: "panneaux", Name: "Panneaux", Kind: "sign", Settings: settings(`{"profiles": {"petit": {"rows": 2, "columns": 12, "maxPages": 1}}}`)},
		registry.Channel{Authority: "pessac", ID: "rocade", Name: "Rocade", Kind: "ntcip", Settings: settings(`{"signs": {"nord": {"address": "127.0.0.1:161", "community_file": "FILE", "profile": {"rows": 2, "columns": 12, "maxPages": 1}}}}`)},
	)
	tw.sign.Profile = "petit"
	if _, err := tw.reg.Signs.Put(t.Context(), tw.sign); err != nil {
		t.Fatal(err)
	}
	p := channeltest.Publication()
	p.Authority, p.Channels, p.Onset, p.Ends = "pessac", []string{"sms", "panneaux", "rocade"}, nil, nil
	p.Content.Title, p.Content.Place = "Bibliobus municipal", "place du Parlement de Bordeaux"
	p.Content.Summary, p.Content.Text, p.Content.Instruction = "", "", ""
	shown := func() map[string]string {
		reply, err := call.Ask(t.Context(), tw.nc, call.Render, call.RenderRequest{Publication: p})
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]string{}
		for _, r := range reply.Rendered {
			if r.Error != "" {
				t.Fatalf("%s: %s", r.Channel, r.Error)
			}
			texts[r.Channel] = strings.ToLower(r.Rendition.Text)
		}
		return texts
	}
	for id, text := range shown() {
		if strings.Contains(text, "bibus") {
			t.Fatalf("%s: %q", id, text)
		}
	}
	if _, err := tw.reg.Abbreviations.Put(t.Context(), registry.Abbreviations{
		Authority: "pessac", Words: []registry.Abbreviation{{Full: "bibliobus", Short: "bibus", Rank: 1}},
	}); err != nil {
		t.Fatal(err)
	}
	eventstest.Eventually(t, func() bool {
		texts := shown()
		return strings.Contains(texts["sms"], "bibus") && strings.Contains(texts["panneaux"], "bibus") && strings.Contains(texts["rocade"], "bibus")
	}, 20*time.Second, "it is not shortened everywhere")
}

func TestWhatContradictsTheTableIsTold(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	reply, err := call.Ask(t.Context(), tw.nc, call.Abbreviations, call.AbbreviationsRequest{
		Own: []registry.Abbreviation{{Full: "kiosque", Short: "kq", Rank: 1}, {Full: "marché", Short: "mar.", Rank: 1}},
	})
	if err != nil || len(reply.BuiltIn) < 20 {
		t.Fatalf("%d words, %v", len(reply.BuiltIn), err)
	}
	if c := reply.Conflict; c == nil || c.Own != 1 || c.Problem != call.AbbreviationAmbiguous || c.With.Full != "mardi" {
		t.Errorf("conflict %+v", c)
	}
}
