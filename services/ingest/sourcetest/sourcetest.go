package sourcetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

// secret must never be seen in an error.
const secret = "s3cret-of-the-source"

// A Suite describes the connector under test.
type Suite struct {
	Kind source.Kind
	// Settings are what it needs beside its address, YAML or JSON.
	Settings string
	// Document is one it reads, with at least two records, ContentType its type.
	Document    []byte
	ContentType string
	// Latin1 is a document in ISO-8859-1, undeclared, whose first record holds the
	// word "été".
	Latin1 []byte
	// Twice is a document with one identifier on two different records.
	Twice []byte
}

// Run runs the contract.
func Run(t *testing.T, s Suite) {
	t.Run("reads", s.reads)
	t.Run("restart goes on", s.restart)
	t.Run("conditional request", s.conditional)
	t.Run("unchanged body", s.unchangedBody)
	t.Run("errors", s.failures)
	t.Run("garbage", s.garbage)
	t.Run("oversize", s.oversize)
	t.Run("slow body", s.slow)
	t.Run("cancellation", s.cancellation)
	t.Run("not UTF-8", s.latin1)
	t.Run("duplicate identifier", s.twice)
	t.Run("hostile", s.hostile)
}

func (s Suite) connect(t *testing.T, cfg fetch.Config, h http.HandlerFunc) source.Source {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	cfg.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	client, err := fetch.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	deps := source.Deps{HTTP: client, Now: func() time.Time { return time.Now().UTC() }, Secret: func(string) (string, error) { return secret, nil }}
	made, err := s.Kind.New(deps, source.Spec{Authority: "a", ID: "s", Kind: s.Kind.Name, URL: server.URL + "/doc?key=" + secret, Settings: []byte(s.Settings)})
	if err != nil {
		t.Fatal(err)
	}
	src, ok := made.(source.Source)
	if !ok {
		t.Fatalf("%s is not polled", s.Kind.Name)
	}
	return src
}

func (s Suite) answer(body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", s.ContentType)
		_, _ = w.Write(body)
	}
}

func (s Suite) reads(t *testing.T) {
	src := s.connect(t, fetch.Config{}, s.answer(s.Document))
	records, _, err := src.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) < 2 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for i, r := range records {
		switch r.Value.(type) {
		case record.Entry, record.Alert:
		default:
			t.Errorf("record %d is a %T", i, r.Value)
		}
		if source.Meaning(r.Value) == source.Meaning(reflect.Zero(reflect.TypeOf(r.Value)).Interface()) {
			t.Errorf("record %d says nothing", i)
		}
	}
}

// restart makes a second connector go on from the first one's cursor, as stored.
func (s Suite) restart(t *testing.T) {
	var hits atomic.Int64
	h := func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		s.answer(s.Document)(w, r)
	}
	src := s.connect(t, fetch.Config{}, h)
	first, cur, err := src.Fetch(t.Context(), source.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	again, same, err := src.Fetch(t.Context(), source.Cursor{})
	if err != nil || !reflect.DeepEqual(first, again) || !reflect.DeepEqual(cur, same) {
		t.Errorf("a second reading from nothing differs: %v", err)
	}
	if _, _, err := src.Fetch(t.Context(), cur); !errors.Is(err, source.ErrUnchanged) {
		t.Errorf("after a restart: %v, want unchanged", err)
	}
}

func (s Suite) conditional(t *testing.T) {
	var conditional atomic.Int64
	src := s.connect(t, fetch.Config{}, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"v1"` {
			conditional.Add(1)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"v1"`)
		s.answer(s.Document)(w, r)
	})
	_, cur, err := src.Fetch(t.Context(), source.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var records []source.Record
		records, cur, err = src.Fetch(t.Context(), cur)
		if !errors.Is(err, source.ErrUnchanged) || len(records) > 0 {
			t.Errorf("%d records, %v", len(records), err)
		}
	}
	if conditional.Load() != 2 {
		t.Errorf("%d conditional requests, want 2", conditional.Load())
	}
}

func (s Suite) unchangedBody(t *testing.T) {
	src := s.connect(t, fetch.Config{}, s.answer(s.Document))
	_, cur, err := src.Fetch(t.Context(), source.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err = src.Fetch(t.Context(), cur); !errors.Is(err, source.ErrUnchanged) {
		t.Errorf("got %v", err)
	}
}

func (s Suite) failures(t *testing.T) {
	for status, reason := range map[int]events.Reason{
		401: events.ReasonUnauthorized, 403: events.ReasonUnauthorized, 404: events.ReasonNotFound, 410: events.ReasonNotFound,
		418: events.ReasonRejected, 429: events.ReasonRateLimited, 500: events.ReasonUnavailable, 503: events.ReasonUnavailable,
	} {
		src := s.connect(t, fetch.Config{}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "77")
			w.WriteHeader(status)
			fmt.Fprint(w, secret)
		})
		before := source.Cursor{ETag: `"before"`}
		records, _, err := src.Fetch(t.Context(), before)
		o := events.OutcomeOf(err)
		if err == nil || len(records) > 0 || o.Reason != reason || o.RetryAfter != 77*time.Second {
			t.Errorf("%d: %d records, outcome %+v", status, len(records), o)
		}
		clean(t, err)
	}
}

func (s Suite) garbage(t *testing.T) {
	for name, body := range map[string][]byte{
		"empty": {}, "NULs": make([]byte, 100), "text": []byte(secret), "open": []byte("<" + secret), "JSON": []byte(`{"` + secret + `":`), "list": []byte("[1]"),
		"page": []byte("<!doctype html><html><body>" + secret + "</body></html>"), "cut": s.Document[:len(s.Document)/10],
		"deep":     bytes.Repeat([]byte("<a>"), 100_000),
		"laughs":   []byte(`<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><l>&b;</l>`),
		"external": []byte(`<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><l>&x;</l>`),
	} {
		src := s.connect(t, fetch.Config{}, s.answer(body))
		records, err := Within(t, func() ([]source.Record, error) {
			records, _, err := src.Fetch(t.Context(), source.Cursor{})
			return records, err
		})
		if err == nil && len(records) > 0 {
			t.Errorf("%s gave %d records", name, len(records))
		}
		if err != nil {
			if o := events.OutcomeOf(err); o.Reason != events.ReasonInvalidContent {
				t.Errorf("%s: outcome %+v of %v", name, o, err)
			}
			clean(t, err)
		}
	}
}

func (s Suite) oversize(t *testing.T) {
	src := s.connect(t, fetch.Config{MaxBytes: int64(len(s.Document) - 1)}, s.answer(s.Document))
	_, _, err := src.Fetch(t.Context(), source.Cursor{})
	if events.OutcomeOf(err).Reason != events.ReasonTooLarge {
		t.Errorf("got %v", err)
	}
	clean(t, err)
}

func (s Suite) slow(t *testing.T) {
	src := s.connect(t, fetch.Config{Timeout: 100 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(s.Document[:10])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	_, _, err := src.Fetch(t.Context(), source.Cursor{})
	if events.OutcomeOf(err).Reason != events.ReasonTimeout {
		t.Errorf("got %v", err)
	}
	clean(t, err)
}

func (s Suite) cancellation(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	src := s.connect(t, fetch.Config{}, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, _, err := src.Fetch(ctx, source.Cursor{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	// The server's own goroutines end with its connections; the connector has none.
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before+6 && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > before+6 {
		t.Errorf("%d goroutines before, %d after", before, n)
	}
}

func (s Suite) latin1(t *testing.T) {
	if utf8.Valid(s.Latin1) {
		t.Fatal("the document is UTF-8")
	}
	src := s.connect(t, fetch.Config{}, s.answer(s.Latin1))
	records, _, err := src.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) == 0 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	if text := fmt.Sprintf("%+v", records[0]); !strings.Contains(text, "été") || !utf8.ValidString(text) {
		t.Errorf("got %q", text)
	}
}

func (s Suite) twice(t *testing.T) {
	src := s.connect(t, fetch.Config{}, s.answer(s.Twice))
	records, _, err := src.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 2 || records[0].Item != records[1].Item {
		t.Errorf("got %+v, %v", records, err)
	}
}

// clean fails on an error that shows the secret.
func clean(t *testing.T, err error) {
	t.Helper()
	if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(fmt.Sprintf("%+v", err), secret)) {
		t.Errorf("the error shows the secret: %v", err)
	}
}
