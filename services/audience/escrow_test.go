package audience_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/audience"
	"github.com/crieur/crieur/services/audience/escrow"
	"github.com/crieur/crieur/services/audience/vault"
)

const passphrase = "une phrase assez longue"

func (tw *town) copyVault() []byte {
	tw.t.Helper()
	var file bytes.Buffer
	s, err := audience.Escrow(tw.t.Context(), tw.js, audience.Config{DataDir: tw.data}, &file, passphrase, time.Now())
	if err != nil || s.Subscribers == 0 {
		tw.t.Fatalf("%+v, %v", s, err)
	}
	return file.Bytes()
}

// A backup eight months old (CodeRED): this one is restored in a test.
func TestEscrowRestoresOnAnotherMachine(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	prefs, id := tw.subscribe("sms", "06 12 34 56 78", "192.0.2.1", "infos")
	tw.subscribe("email", "marguerite@boite.example", "192.0.2.2", "infos")
	file := tw.copyVault()
	key, err := os.ReadFile(filepath.Join(tw.data, "audience", "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"612345678", "marguerite", passphrase, strings.TrimSpace(string(key))} {
		if bytes.Contains(file, []byte(secret)) {
			t.Errorf("the copy tells %q", secret)
		}
	}
	tw.stop()

	other := newTown(t, func(other *town) {
		s, err := audience.Restore(t.Context(), other.js, audience.Config{DataDir: other.data}, bytes.NewReader(file), passphrase)
		if err != nil || s.Subscribers != 2 || s.Kept != 0 {
			t.Fatalf("restore: %+v, %v", s, err)
		}
	})
	if w := other.get(prefs); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "••\u00a078") {
		t.Errorf("the preferences' link: %d", w.Code)
	}
	other.publish(news("e1", "eau"))
	for _, d := range other.await(2) {
		if c := other.resolve(d)[0]; c.Address == "" {
			t.Errorf("%s: %s", d.Kind, c.Reason)
		}
	}
	if _, fresh := other.subscribe("email", "jean@boite.example", "192.0.2.3", "infos"); fresh == id {
		t.Error("a number is given twice")
	}
	// again changes nothing
	s, err := audience.Restore(t.Context(), other.js, audience.Config{DataDir: other.data}, bytes.NewReader(file), passphrase)
	if err != nil || s.Entries != 0 || s.Kept == 0 {
		t.Errorf("a second time: %+v, %v", s, err)
	}
}

func TestEscrowBringsNobodyBackWhoLeft(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	erased, _ := tw.subscribe("sms", "06 12 34 56 78", "192.0.2.1", "infos")
	left, stays := tw.subscribe("email", "zoe@boite.example", "192.0.2.2", "infos")
	file := tw.copyVault()
	tw.call(http.MethodPost, erased+"/oublier", nil, "192.0.2.1")
	if _, err := call.Ask(t.Context(), tw.nc, call.OptOut, call.OptOutRequest{Kind: "email", Subscriber: stays, Reason: events.ReasonOptedOut, Evidence: "reply", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	s, err := audience.Restore(t.Context(), tw.js, audience.Config{DataDir: tw.data}, bytes.NewReader(file), passphrase)
	if err != nil || s.Erased != 2 || s.Subscribers != 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	if w := tw.get(erased); w.Code != http.StatusNotFound {
		t.Errorf("the erased is back: %d", w.Code)
	}
	if export := tw.get(left + "/export").Body.String(); !strings.Contains(export, `"status": "ended"`) {
		t.Error("who left is subscribed again")
	}
}

func TestEscrowRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	tw.subscribe("sms", "06 12 34 56 78", "192.0.2.1", "infos")
	file := tw.copyVault()
	lines := bytes.SplitAfter(file, []byte("\n"))
	changed := bytes.Replace(file, []byte(`"k":"sub.s`), []byte(`"k":"sub.t`), 1)
	for name, tc := range map[string]struct {
		file       []byte
		passphrase string
		want       error
	}{
		"empty":            {nil, passphrase, escrow.ErrFormat},
		"another file":     {[]byte("{}\n"), passphrase, escrow.ErrFormat},
		"wrong passphrase": {file, "une autre phrase longue", escrow.ErrPassphrase},
		"cut":              {bytes.Join(lines[:len(lines)-2], nil), passphrase, escrow.ErrDamaged},
		"cut in a line":    {file[:len(file)/2], passphrase, escrow.ErrDamaged},
		"changed":          {changed, passphrase, escrow.ErrDamaged},
		"more":             {append(bytes.Clone(file), lines[1]...), passphrase, escrow.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			js, err := jetstream.New(eventstest.Connect(t))
			if err != nil {
				t.Fatal(err)
			}
			if err := bus.Ensure(t.Context(), js, bus.Options{}); err != nil {
				t.Fatal(err)
			}
			if _, err := audience.Restore(t.Context(), js, audience.Config{DataDir: t.TempDir()}, bytes.NewReader(tc.file), tc.passphrase); !errors.Is(err, tc.want) {
				t.Fatalf("%v", err)
			}
			kv, err := js.KeyValue(t.Context(), bus.BucketVault)
			if err != nil {
				t.Fatal(err)
			}
			if keys, err := kv.Keys(t.Context()); !errors.Is(err, jetstream.ErrNoKeysFound) {
				t.Errorf("something was written: %v %v", keys, err)
			}
		})
	}
	if _, err := audience.Escrow(t.Context(), tw.js, audience.Config{DataDir: tw.data}, &bytes.Buffer{}, "courte", time.Now()); err == nil {
		t.Error("a short passphrase is taken")
	}
}

// A key that is lost gives a clear error, makes no other in its place, and the
// vault is as it was when the copy of the key comes back.
func TestAMissingKeyLosesNothing(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	prefs, _ := tw.subscribe("sms", "06 12 34 56 78", "192.0.2.1", "infos")
	tw.stop()
	file := filepath.Join(tw.data, "audience", "master.key")
	if err := os.Rename(file, file+".copy"); err != nil {
		t.Fatal(err)
	}
	svc, err := audience.New(run.Deps{NATS: tw.nc, JetStream: tw.js}, audience.Config{DataDir: tw.data, PublicURL: "https://infos.example"})
	if err != nil {
		t.Fatal(err)
	}
	err = svc.Run(context.Background())
	if !errors.Is(err, vault.ErrKeyLost) || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "fingerprint") {
		t.Fatalf("without the key: %v", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("another key stands in its place: %v", err)
	}
	if err := os.Rename(file+".copy", file); err != nil {
		t.Fatal(err)
	}
	tw.start()
	if w := tw.get(prefs); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "••\u00a078") {
		t.Errorf("with the key again: %d", w.Code)
	}
}
