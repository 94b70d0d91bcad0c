package events_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
)

func TestNewIDIsDeterministicAndUnambiguous(t *testing.T) {
	t.Parallel()
	if first, again := events.NewID("a", "b"), events.NewID("a", "b"); first != again {
		t.Error("the same parts give two identifiers")
	}
	if events.NewID("ab", "c") == events.NewID("a", "bc") {
		t.Error("the border between parts does not count")
	}
	if id := events.NewID("x"); len(id) != 26 || !events.IsSlug(id) {
		t.Errorf("%q is not a token", id)
	}
}

func TestOutcomeOf(t *testing.T) {
	t.Parallel()
	base := errors.New("boom")
	for name, tc := range map[string]struct {
		err  error
		want events.Outcome
	}{
		"nil":       {nil, events.Outcome{}},
		"permanent": {fmt.Errorf("sms: %w", events.Permanent(events.ReasonRejected, base)), events.Outcome{Kind: events.PermanentFailure, Reason: events.ReasonRejected}},
		"transient": {fmt.Errorf("sms: %w", events.Transient(events.ReasonRateLimited, base, time.Minute)), events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonRateLimited, RetryAfter: time.Minute}},
		"unmarked":  {base, events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonInternal}},
		"deadline":  {context.DeadlineExceeded, events.Outcome{Kind: events.TransientFailure, Reason: events.ReasonTimeout}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := events.OutcomeOf(tc.err); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
			if tc.err != nil && name != "deadline" && !errors.Is(tc.err, base) {
				t.Error("the cause is lost")
			}
		})
	}
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Saint-Médard d’Eyrans": "saint-medard-d-eyrans",
		"  Œuvres & Travaux ":   "oeuvres-travaux",
		"ÇA, c'est l'Été":       "ca-c-est-l-ete",
		"***":                   "",
		"日本":                    "",
	} {
		if got := events.Slug(in); got != want {
			t.Errorf("Slug(%q) = %q, want %q", in, got, want)
		}
	}
	if got := events.Slug(strings.Repeat("longue ", 40)); !events.IsSlug(got) {
		t.Errorf("%q is not a slug", got)
	}
}

func FuzzSlugIsATokenOrEmpty(f *testing.F) {
	for _, s := range []string{"Été", "a b", "", "ﬁn", "\xff", "é*>."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := events.Slug(s); got != "" && !events.IsSlug(got) {
			t.Errorf("Slug(%q) = %q", s, got)
		}
	})
}

func TestPublicationAction(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		msgType  events.MsgType
		revision int
		want     events.Action
	}{
		{events.MsgAlert, 1, events.ActionPublish},
		{events.MsgUpdate, 1, events.ActionPublish}, // the first that this stream shows
		{events.MsgAlert, 2, events.ActionUpdate},
		{events.MsgCancel, 1, events.ActionWithdraw},
		{events.MsgCancel, 3, events.ActionWithdraw},
	} {
		p := events.Publication{MsgType: c.msgType, Revision: c.revision}
		if got := p.Action(); got != c.want {
			t.Errorf("%s, revision %d: got %s, want %s", c.msgType, c.revision, got, c.want)
		}
	}
}
