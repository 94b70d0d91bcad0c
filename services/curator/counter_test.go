package curator_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
)

// enrolling stands where audience answers, and keeps what it was asked.
type enrolling struct {
	mu    sync.Mutex
	asked []call.EnrolRequest
	reply call.EnrolReply
}

func (e *enrolling) on(w *town) *enrolling {
	s, err := call.NewServer(w.t.Context(), w.nc, "audience", "0.1.0")
	must(w.t, err)
	w.t.Cleanup(func() { _ = s.Stop() })
	must(w.t, call.Handle(s, call.Enrol, func(_ context.Context, q call.EnrolRequest) (call.EnrolReply, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.asked = append(e.asked, q)
		return e.reply, nil
	}))
	return e
}

func (e *enrolling) answers(r call.EnrolReply) []call.EnrolRequest {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reply = r
	return e.asked
}

func resident(change ...string) url.Values {
	v := url.Values{"do": {"enrol"}, "kind": {"sms"}, "contact": {"06 12 34 56 78"}, "stream": {"infos"}, "language": {"fr"}, "proof": {"spoken"}, "agreed": {"1"}}
	for i := 0; i+1 < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return v
}

func TestAnAgentEnrolsAtTheCounter(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	audience := (&enrolling{reply: call.EnrolReply{Enrolled: 1}}).on(w)
	sam := w.as("stagiaire")
	const path = "/console/begles/counter"
	sam.see(path, "Infos de Bègles")

	r := sam.post(path, resident("do", "read"))
	if r.status != http.StatusOK || !strings.Contains(r.body, "06 12 34 56 78") || !strings.Contains(r.body, "Êtes-vous d’accord") {
		t.Errorf("what is read aloud: %d", r.status)
	}
	for name, wrong := range map[string]url.Values{
		"no consent":        resident("agreed", ""),
		"no contact":        resident("contact", ""),
		"a stream not here": resident("stream", "voirie"),
		"a kind not here":   resident("kind", "email"),
		"a form unnamed":    resident("proof", "signed"),
	} {
		if r := sam.post(path, wrong); r.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, r.status)
		}
	}
	if asked := audience.answers(call.EnrolReply{Enrolled: 1}); len(asked) != 0 {
		t.Fatalf("asked before consent: %+v", asked)
	}

	if r := sam.post(path, resident("proof", "signed", "reference", "B-41")); r.status != http.StatusSeeOther {
		t.Fatalf("enrol: %d %s", r.status, r.body)
	}
	q := audience.answers(call.EnrolReply{Known: 1})[0]
	if q.Authority != "begles" || q.By != "stagiaire" || q.Evidence != "2026-11-guichet-fr: signed B-41" || len(q.People) != 1 {
		t.Errorf("asked %+v", q)
	}
	if p := q.People[0]; p.Kind != "sms" || p.Address.Reveal() != "06 12 34 56 78" || strings.Join(p.Streams, " ") != "infos" || p.Language != "fr" {
		t.Errorf("enrolled %s on %v in %s", p.Kind, p.Streams, p.Language)
	}
	sam.see(path, "la preuve de son accord est gardée")
	if page := w.as("ana").get("/console/begles/journal").body; !strings.Contains(page, "Personne inscrite au guichet") || strings.Contains(page, "12 34") {
		t.Error("the journal must say that somebody was enrolled, and not who")
	}

	sam.post(path, resident())
	sam.see(path, "elle seule peut revenir")
	audience.answers(call.EnrolReply{Refused: []call.Refusal{{Field: "address", Reason: events.ReasonBadRecipient}}})
	if r := sam.post(path, resident("contact", "01")); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, "numéro de portable valable") {
		t.Errorf("a number that is none: %d", r.status)
	}
}

func TestAnalystsEnrolNobody(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	o, revision, err := w.reg.Officers.Get(t.Context(), "com")
	must(t, err)
	o.Roles = map[string][]registry.Role{"begles": {registry.Analyst}}
	_, err = w.reg.Officers.Update(t.Context(), o, revision)
	must(t, err)
	com := w.as("com")
	eventstest.Eventually(t, func() bool { return com.get("/console/begles/counter").status == http.StatusForbidden }, within, "the page is refused")
	if r := com.post("/console/begles/counter", resident()); r.status != http.StatusForbidden {
		t.Errorf("the form: %d", r.status)
	}
}
