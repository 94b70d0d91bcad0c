package consent_test

import (
	"slices"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/audience/consent"
)

func sub(kind string, topics, areas []string) consent.Subscription {
	return consent.Subscription{Stream: "infos", Kind: kind, Topics: topics, Areas: areas, Status: consent.Confirmed}
}

func index() *consent.Index {
	x := consent.NewIndex()
	set := func(n uint32, p consent.Profile) { p.Authority = "metropole"; x.Set(n, p) }
	set(1, consent.Profile{Subscriptions: []consent.Subscription{sub("sms", nil, nil)}})
	set(2, consent.Profile{Subscriptions: []consent.Subscription{sub("sms", []string{"eau"}, nil)}})
	set(3, consent.Profile{Subscriptions: []consent.Subscription{sub("sms", nil, []string{"33318"})}})
	set(4, consent.Profile{Subscriptions: []consent.Subscription{sub("sms", nil, nil), sub("email", nil, nil)}})
	set(5, consent.Profile{Subscriptions: []consent.Subscription{sub("sms", nil, nil), sub("email", nil, nil)}, Preferred: "email"})
	set(6, consent.Profile{Subscriptions: []consent.Subscription{sub("sms", nil, nil), sub("email", nil, nil)}, Everywhere: true})
	set(7, consent.Profile{Subscriptions: []consent.Subscription{{Stream: "infos", Kind: "sms", Status: consent.Pending}}})
	set(8, consent.Profile{Subscriptions: []consent.Subscription{{Stream: "infos", Kind: "sms", Status: consent.Paused}}})
	x.Set(9, consent.Profile{Authority: "ailleurs", Subscriptions: []consent.Subscription{sub("sms", nil, nil)}})
	return x
}

func TestSelect(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		topic      string
		areas      []string
		class      events.Class
		sms, email []uint32
	}{
		"everybody once":              {"eau", nil, events.ClassService, []uint32{1, 2, 3, 4, 6}, []uint32{5, 6}},
		"an alert everywhere":         {"eau", nil, events.ClassAlert, []uint32{1, 2, 3, 4, 5, 6}, []uint32{4, 5, 6}},
		"another topic":               {"culture", nil, events.ClassService, []uint32{1, 3, 4, 6}, []uint32{5, 6}},
		"his area":                    {"culture", []string{"33318"}, events.ClassService, []uint32{1, 3, 4, 6}, []uint32{5, 6}},
		"another area":                {"eau", []string{"33281"}, events.ClassService, []uint32{1, 2, 4, 6}, []uint32{5, 6}},
		"the département":             {"culture", []string{"33"}, events.ClassService, []uint32{1, 3, 4, 6}, []uint32{5, 6}},
		"a sector nobody chose":       {"culture", []string{"centre"}, events.ClassService, []uint32{1, 4, 6}, []uint32{5, 6}},
		"one area that is his of two": {"culture", []string{"33281", "33318"}, events.ClassService, []uint32{1, 3, 4, 6}, []uint32{5, 6}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := events.Publication{Authority: "metropole", Stream: "infos", Topic: tc.topic, Class: tc.class, Audience: events.Audience{Areas: tc.areas}}
			got := index().Select(consent.TargetOf(p, []string{"sms", "email"}, []string{"33063", "33318", "33281"}))
			if !slices.Equal(got["sms"].ToArray(), tc.sms) || !slices.Equal(got["email"].ToArray(), tc.email) {
				t.Errorf("sms %v, email %v", got["sms"].ToArray(), got["email"].ToArray())
			}
		})
	}
}

func TestAnArrondissementIsOfItsCommune(t *testing.T) {
	t.Parallel()
	p := events.Publication{Areas: []events.Area{{INSEE: []string{"69383"}}}}
	if got := consent.TargetOf(p, nil, []string{"69123", "69266"}).Areas; !slices.Equal(got, []string{"69383", "69123"}) {
		t.Errorf("among others: %v", got)
	}
	if got := consent.TargetOf(p, nil, []string{"69123"}).Areas; got != nil {
		t.Errorf("the only commune: %v", got)
	}
}

func TestChangingAndLeavingCountAtOnce(t *testing.T) {
	t.Parallel()
	x := index()
	target := consent.Target{Authority: "metropole", Stream: "infos", Topics: []string{"culture"}, Kinds: []string{"sms"}}
	x.Set(1, consent.Profile{Authority: "metropole", Subscriptions: []consent.Subscription{sub("sms", []string{"eau"}, nil)}})
	x.Remove(3, "metropole")
	if got := x.Select(target)["sms"].ToArray(); !slices.Equal(got, []uint32{4, 5, 6}) {
		t.Errorf("%v", got)
	}
}

func TestAPauseMayLetAlertsThrough(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		but   bool
		class events.Class
		want  bool
	}{
		{"alert", true, events.ClassAlert, true},
		{"service", true, events.ClassService, false},
		{"promotional", true, events.ClassPromotional, false},
		{"alert, of who wants none", false, events.ClassAlert, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			paused := []consent.Subscription{sub("sms", nil, []string{"33318"})}
			consent.Pause(paused, time.Time{}, c.but)
			x := consent.NewIndex()
			x.Set(1, consent.Profile{Authority: "metropole", Subscriptions: paused})
			target := consent.Target{Authority: "metropole", Stream: "infos", Areas: []string{"33318"}, Kinds: []string{"sms"}, Class: c.class}
			if got := x.Select(target)["sms"].Contains(1); got != c.want {
				t.Errorf("selected: %t", got)
			}
			if got := x.Active(1, "metropole", "infos", "sms", c.class); got != c.want {
				t.Errorf("active: %t", got)
			}
			consent.Resume(paused, func(consent.Subscription) bool { return true })
			if paused[0].ButAlerts || !paused[0].Takes(events.ClassService) {
				t.Errorf("resumed: %+v", paused[0])
			}
		})
	}
}

func TestEndKeepsTheProof(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	asked := []consent.Subscription{{Stream: "infos", Kind: "sms", Status: consent.Pending, Proof: consent.Proof{Text: "1", GivenAt: now}}}
	list, err := consent.Confirm(nil, asked, now.Add(time.Minute))
	if err != nil || !list[0].Active() || list[0].Proof.ConfirmedAt.IsZero() {
		t.Fatalf("%+v %v", list, err)
	}
	all := func(consent.Subscription) bool { return true }
	if n := consent.Pause(list, time.Time{}, false); n != 1 || list[0].Active() {
		t.Error("not paused")
	}
	if n := consent.End(list, all, events.ReasonOptedOut, "sms-stop", now); n != 1 || list[0].Proof.Text != "1" || list[0].Evidence != "sms-stop" {
		t.Errorf("%+v", list[0])
	}
	if consent.Resume(list, all) != 0 || consent.End(list, all, events.ReasonOptedOut, "", now) != 0 {
		t.Error("an ended subscription changes")
	}
}

func BenchmarkSelectAMillion(b *testing.B) {
	x := consent.NewIndex()
	for n := range uint32(1_000_000) {
		topics := []string{"eau"}
		if n%3 == 0 {
			topics = nil
		}
		x.Set(n, consent.Profile{Authority: "metropole", Subscriptions: []consent.Subscription{sub("sms", topics, nil)}})
	}
	target := consent.Target{Authority: "metropole", Stream: "infos", Topics: []string{"culture"}, Kinds: []string{"sms"}}
	for b.Loop() {
		if x.Select(target)["sms"].GetCardinality() != 333_334 {
			b.Fatal("wrong count")
		}
	}
}
