package curator_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
)

// shortening stands where publisher answers: mardi has mar. already.
func (w *town) shortening(publisher *call.Server) {
	w.t.Helper()
	must(w.t, call.Handle(publisher, call.Abbreviations, func(_ context.Context, q call.AbbreviationsRequest) (call.AbbreviationsReply, error) {
		tuesday := registry.Abbreviation{Full: "mardi", Short: "mar.", Rank: 1}
		reply := call.AbbreviationsReply{BuiltIn: []registry.Abbreviation{{Full: "avenue", Short: "av.", Rank: 2}, tuesday}}
		if i := slices.IndexFunc(q.Own, func(a registry.Abbreviation) bool { return a.Short == tuesday.Short }); i >= 0 {
			reply.Conflict = &call.AbbreviationConflict{Own: i, Problem: call.AbbreviationAmbiguous, With: tuesday}
		}
		return reply, nil
	}))
}

func TestOfficersEditAbbreviations(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	publisher, err := call.NewServer(t.Context(), w.nc, "publisher", "0.1.0")
	must(t, err)
	t.Cleanup(func() { _ = publisher.Stop() })
	w.shortening(publisher)
	const path = "/console/begles/abbreviations"
	com := w.as("com")
	com.see("/console/begles/alarms", `href="`+path+`"`)
	com.see(path, "av.")
	form := func(words ...string) url.Values {
		values := com.form(path)
		for i, name := range []string{"full-0", "short-0", "rank-0", "full-2", "short-2", "rank-2"} {
			if i < len(words) {
				values.Set(name, words[i])
			}
		}
		return values
	}
	for name, tc := range map[string]struct {
		words []string
		want  string
	}{
		"no shorter":   {[]string{"rue", "ruelle", "1"}, `href="#f-short-0"`},
		"no short":     {[]string{"", "", "1", "rue", "", "1"}, `href="#f-short-2"`},
		"taken":        {[]string{"", "", "1", "marché", "mar.", "1"}, "Se confondrait avec"},
		"no such rank": {[]string{"bibliobus", "bibus", "7"}, `href="#f-rank-0"`},
	} {
		if r := com.post(path, form(tc.words...)); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, tc.want) {
			t.Errorf("%s: %d, no %q", name, r.status, tc.want)
		}
	}
	if r := com.post(path, form("bibliobus", "bibus", "1", "Cité administrative", "cité adm.", "3")); r.status != http.StatusSeeOther {
		t.Fatalf("save: %d %s", r.status, r.body)
	}
	kept, _, err := w.reg.Abbreviations.Get(t.Context(), "begles")
	must(t, err)
	want := []registry.Abbreviation{{Full: "bibliobus", Short: "bibus", Rank: 1}, {Full: "Cité administrative", Short: "cité adm.", Rank: 3}}
	if !slices.Equal(kept.Words, want) {
		t.Errorf("kept %+v", kept.Words)
	}
	eventstest.Eventually(t, func() bool { return strings.Contains(com.get(path).body, `value="Cité administrative"`) }, within, "it is not shown")
	com.see("/console/begles/journal", "Abréviations modifiées")
	if r := w.as("stagiaire").get(path); r.status != http.StatusForbidden {
		t.Errorf("a contributor: %d", r.status)
	}
}
