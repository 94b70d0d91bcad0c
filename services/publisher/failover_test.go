package publisher_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel/sms/smsctest"
)

// smppTo is a channel to an SMSC.
func smppTo(t *testing.T, id, fallback string, peer *smsctest.SMSC) registry.Channel {
	t.Helper()
	return registry.Channel{
		Authority: "pessac", ID: id, Name: id, Kind: "sms", Fallback: fallback,
		Settings: json.RawMessage(fmt.Sprintf(`{"address": %q, "system_id": "crieur", "password_file": %q, "sender": "MAIRIE", "response_timeout": "3s"}`, peer.Addr, secretFile(t))),
	}
}

// outcomes counts recipients by the channel that carried them and their last
// status, and fails on one that was sent to by two.
func (tw *town) outcomes(t *testing.T) map[string]int {
	t.Helper()
	type last struct {
		via    string
		status events.ReceiptStatus
	}
	of := map[string]last{}
	for _, r := range tw.receipts(t) {
		for _, to := range r.Recipients {
			if had, ok := of[to.ID]; ok && had.via != to.Via {
				t.Errorf("%s was sent to by %q and by %q", to.ID, had.via, to.Via)
			}
			of[to.ID] = last{to.Via, to.Status}
		}
	}
	count := map[string]int{}
	for _, l := range of {
		count[l.via+" "+string(l.status)]++
	}
	return count
}

// TestFallbackTakesOverWhileTheProviderIsAway, its receipts are matched, and the
// channel is used again once its provider is back.
func TestFallbackTakesOverWhileTheProviderIsAway(t *testing.T) {
	t.Parallel()
	first, second := smsctest.Start(t, "none"), smsctest.Start(t, "text")
	first.Stop(t)
	tw := townOn(t, eventstest.Server(t), smppTo(t, "sms", "secours", first), smppTo(t, "secours", "", second))
	tw.engine.ProbeEvery = time.Second
	audience(t, tw.nc)
	tw.start(t)
	r := tw.rendition(t, "sms")
	tw.deliver(t, batchOf(r, events.ClassService, 0, 10_000_000, window/2))
	eventstest.Eventually(t, func() bool { return tw.outcomes(t)["secours delivered"] == window/2 }, 20*time.Second, "the fallback does not take over, or its receipts are not matched")
	if n := len(second.Submits()); n != window/2 {
		t.Errorf("%d messages for %d recipients", n, window/2)
	}

	first.Again(t, "none")
	next := 1
	eventstest.Eventually(t, func() bool {
		tw.deliver(t, batchOf(r, events.ClassService, next, 10_000_000+next*10_000, 1))
		next++
		return tw.outcomes(t)[" sent"] > 0
	}, 30*time.Second, "the channel is not used again")
	eventstest.Eventually(t, func() bool {
		done := 0
		for _, n := range tw.outcomes(t) {
			done += n
		}
		return done == window/2+next-1
	}, 20*time.Second, "some were lost on the way back")
}

// TestFallbackOfOneThatNeverAnswers: whom the first may have accepted is not
// sent to again; the next go by the other.
func TestFallbackOfOneThatNeverAnswers(t *testing.T) {
	t.Parallel()
	first, second := smsctest.Start(t, "none"), smsctest.Start(t, "none")
	tw := townOn(t, eventstest.Server(t), smppTo(t, "sms", "secours", first), smppTo(t, "secours", "", second))
	audience(t, tw.nc)
	tw.start(t)
	r := tw.rendition(t, "sms")
	d := batchOf(r, events.ClassService, 0, 0, window/2)
	for i := range d.Subscribers {
		d.Subscribers[i] = fmt.Sprintf("s3%03d0003", i) // never answered
	}
	tw.deliver(t, d)
	eventstest.Eventually(t, func() bool { return tw.outcomes(t)[" unknown"] == window/2 }, 20*time.Second, "lost answers are not unknown")
	tw.deliver(t, batchOf(r, events.ClassService, 1, 20_000_000, window/2), batchOf(r, events.ClassAlert, 2, 30_000_000, window/2))
	eventstest.Eventually(t, func() bool { return tw.outcomes(t)["secours sent"] == window }, 30*time.Second, "the fallback does not take over")
	if n := len(first.Submits()); n != window/2 {
		t.Errorf("the first got %d messages, want %d", n, window/2)
	}
}

// TestFallbackMustCarryTheSame: a channel for something else takes nothing over.
func TestFallbackMustCarryTheSame(t *testing.T) {
	t.Parallel()
	first := smsctest.Start(t, "none")
	first.Stop(t)
	tw := townOn(t, eventstest.Server(t), smppTo(t, "sms", "fil", first), registry.Channel{Authority: "pessac", ID: "fil", Name: "Fil", Kind: "feed"})
	audience(t, tw.nc)
	tw.start(t)
	tw.deliver(t, batchOf(tw.rendition(t, "sms"), events.ClassService, 0, 10_000_000, 4))
	first.Again(t, "none")
	eventstest.Eventually(t, func() bool { return tw.outcomes(t)[" sent"] == 4 }, 30*time.Second, "lost")
}

// provider is an HTTP SMS provider whose key may be refused.
func provider(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(answer))
	t.Cleanup(s.Close)
	return s.URL
}

func smsHTTP(t *testing.T, id, fallback, url, key string) registry.Channel {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	return registry.Channel{
		Authority: "pessac", ID: id, Name: id, Kind: "smshttp", Fallback: fallback,
		Settings: json.RawMessage(fmt.Sprintf(`{"provider": "brevo", "base_url": %q, "secret_file": %q, "sender": "MAIRIE", "per_second": 1000, "connections": 1}`, url, path)),
	}
}

// httpBatch is a batch for a channel of kind smshttp.
func httpBatch(r events.Rendition, number, first, size int) events.Delivery {
	d := batchOf(r, events.ClassService, number, first, size)
	d.Kind = "smshttp"
	return d
}

// TestRefusedKeyWaitsForANewOne: nothing is retried in vain, nothing is lost,
// and what waited goes out once the key is renewed.
func TestRefusedKeyWaitsForANewOne(t *testing.T) {
	t.Parallel()
	var refused, taken atomic.Int64
	url := provider(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Api-Key"), "new") {
			refused.Add(1)
			http.Error(w, `{"code":"unauthorized","message":"Key not found"}`, http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"reference":"r","messageId":%d,"smsCount":1}`, taken.Add(1))
	})
	tw := townOn(t, eventstest.Server(t), smsHTTP(t, "sms", "", url, "old"))
	tw.engine.RefusedWait = time.Second
	audience(t, tw.nc)
	tw.start(t)
	r := tw.rendition(t, "sms")
	tw.deliver(t, httpBatch(r, 0, 10_000_000, 1))
	eventstest.Eventually(t, func() bool { return refused.Load() == 1 }, 30*time.Second, "the provider is not asked")
	eventstest.Eventually(t, func() bool {
		h, _, err := tw.reg.ChannelHealth.Get(t.Context(), "pessac", "sms")
		return err == nil && h.Reason == events.ReasonUnauthorized && !h.Since.IsZero()
	}, 20*time.Second, "the state is not told")
	for n := range 5 {
		tw.deliver(t, httpBatch(r, n+1, 20_000_000+n*10_000, 4))
	}
	before := time.Now()
	eventstest.Eventually(t, func() bool { return time.Since(before) > 3*time.Second }, 20*time.Second, "")
	if n := refused.Load(); n != 1 {
		t.Errorf("%d requests with a key that is refused", n)
	}
	if n := len(tw.outcomes(t)); n != 0 {
		t.Errorf("ended although they may wait: %v", tw.outcomes(t))
	}
	if _, err := tw.reg.Channels.Put(t.Context(), smsHTTP(t, "sms", "", url, "new")); err != nil {
		t.Fatal(err)
	}
	eventstest.Eventually(t, func() bool { return tw.outcomes(t)[" sent"] == 21 }, 20*time.Second, "what waited is not sent")
	eventstest.Eventually(t, func() bool {
		h, _, err := tw.reg.ChannelHealth.Get(t.Context(), "pessac", "sms")
		return err == nil && h.Since.IsZero()
	}, 20*time.Second, "the state is not ended")
	if n := taken.Load(); n != 21 {
		t.Errorf("%d messages for 21 recipients", n)
	}
}

// TestHeadersSlowUsDownBeforeARefusal: a provider that allows four messages in
// three seconds, and says so, never has to refuse one.
func TestHeadersSlowUsDownBeforeARefusal(t *testing.T) {
	t.Parallel()
	const allowed, every = 4, 3 * time.Second
	var mu sync.Mutex
	var began time.Time
	used, taken, refused := 0, 0, 0
	url := provider(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); now.Sub(began) >= every {
			began, used = now, 0
		}
		if used++; used > allowed {
			refused++
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		taken++
		left := every - time.Since(began)
		w.Header().Set("RateLimit-Remaining", strconv.Itoa(allowed-used))
		w.Header().Set("RateLimit-Reset", strconv.Itoa(int(left/time.Second)+1))
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"reference":"r","messageId":%d,"smsCount":1}`, taken)
	})
	tw := townOn(t, eventstest.Server(t), smsHTTP(t, "sms", "", url, "key"))
	tw.engine.PerChannel = 1
	audience(t, tw.nc)
	tw.start(t)
	r := tw.rendition(t, "sms")
	for n := range 3 {
		tw.deliver(t, httpBatch(r, n, 10_000_000+n*10_000, allowed))
	}
	eventstest.Eventually(t, func() bool { return tw.outcomes(t)[" sent"] == 3*allowed }, 30*time.Second, "not all are sent")
	mu.Lock()
	defer mu.Unlock()
	if refused > 0 || taken != 3*allowed {
		t.Errorf("%d taken and %d refused", taken, refused)
	}
}
