package normalizer_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
)

func TestQuestionOfWhatRecordsWouldBecome(t *testing.T) {
	t.Parallel()
	s := start(t)
	src := registry.Source{Authority: "begles", ID: "essai", Name: "Ville de Bègles", Kind: "feed"}
	raws := []events.Raw{
		raw("essai", "1", 1, record.Entry{Title: "Travaux rue Pasteur du 24 au 28 novembre", Body: "<p>La circulation sera alternée.</p>"}),
		raw("essai", "2", 1, record.Entry{}),
	}
	rep, err := call.Ask(t.Context(), s.deps.NATS, call.Normalise, call.NormaliseRequest{Source: src, Raws: raws})
	if err != nil {
		t.Fatal(err)
	}
	if len(rep.Messages) != 2 {
		t.Fatalf("%d entries", len(rep.Messages))
	}
	m := rep.Messages[0].Message
	if m.Topic != "travaux-circulation" || m.Class != events.ClassService || m.Areas[0].INSEE[0] != "33039" || m.Areas[0].Place != "rue Pasteur" || m.Onset == nil {
		t.Errorf("%+v", m)
	}
	if err := m.Validate(); err != nil {
		t.Error(err)
	}
	if why := rep.Messages[1].Error; !strings.Contains(why, "empty") {
		t.Errorf("refused with %q", why)
	}
	stream, err := s.js.Stream(t.Context(), bus.StreamMessages)
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n != 0 {
		t.Errorf("%d messages kept", n)
	}
}

func TestQuestionsOutOfBounds(t *testing.T) {
	t.Parallel()
	s := start(t)
	src := registry.Source{Authority: "begles", ID: "essai", Name: "Ville de Bègles", Kind: "feed"}
	long := record.Entry{Title: "Compte rendu", Body: "<p>" + strings.Repeat("Le conseil délibère. ", 2000) + "</p>"}
	var raws []events.Raw
	for i := range 101 {
		raws = append(raws, raw("essai", fmt.Sprint(i), 1, long))
	}
	// Four megabytes of text take longer than a question may, under the race detector.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ask := func(src registry.Source, raws []events.Raw) (call.NormaliseReply, error) {
		return call.Ask(ctx, s.deps.NATS, call.Normalise, call.NormaliseRequest{Source: src, Raws: raws})
	}
	rep, err := ask(src, raws[:100])
	if err != nil {
		t.Fatal(err)
	}
	first, last := rep.Messages[0].Message.Content, rep.Messages[99].Message.Content
	if len(first.Text) < 30_000 || last.Text != "" || last.Title == "" || last.Summary == "" {
		t.Errorf("texts of %d and %d bytes, the last one %q", len(first.Text), len(last.Text), last.Title)
	}
	small := record.Entry{Title: "Compte rendu"}
	for i := range raws {
		raws[i] = raw("essai", fmt.Sprint(i), 1, small)
	}
	if _, err := ask(src, raws); events.OutcomeOf(err).Reason != events.ReasonTooLarge {
		t.Errorf("101 records: %v", err)
	}
	if _, err := ask(registry.Source{Authority: "Bègles"}, nil); events.OutcomeOf(err).Reason != events.ReasonInvalidEvent {
		t.Errorf("not a slug: %v", err)
	}
	src.Authority = "talence"
	if _, err := ask(src, raws[:1]); events.OutcomeOf(err).Reason != events.ReasonInvalidEvent {
		t.Errorf("of another authority: %v", err)
	}
}
