package vault_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/audience/consent"
	"github.com/crieur/crieur/services/audience/vault"
)

func master(t testing.TB, fill byte) *vault.Master {
	t.Helper()
	m, err := vault.NewMaster(bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func bucket(t *testing.T) jetstream.KeyValue {
	t.Helper()
	js := eventstest.JetStream(t)
	kv, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: bus.BucketVault, History: 1})
	if err != nil {
		t.Fatal(err)
	}
	return kv
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ kind, in, want string }{
		{"sms", "06 12 34 56 78", "+33612345678"},
		{"sms", "+33 (0)6.12.34.56.78", "+33612345678"},
		{"sms", "0033612345678", "+33612345678"},
		{"sms", "+262 692 12 34 56", "+262692123456"},
		{"sms", "05 56 12 34 56", ""}, // a fixed line gets no SMS
		{"sms", "0899 70 12 34", ""},
		{"sms", "12", ""},
		{"email", " Zoe@Exemple.FR ", "zoe@exemple.fr"},
		{"email", "zoe", ""},
		{"email", "zoe@localhost", ""},
		{"email", "a@b.fr, c@d.fr", ""},
		{"email", "Zoe <zoe@exemple.fr>", ""},
		{"email", "zoe@exemple.fr\r\nBcc: x@y.fr", ""},
		{"fax", "1", ""},
	} {
		got, err := vault.Normalise(tc.kind, tc.in, "FR")
		if got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("%s %q: %q, %v", tc.kind, tc.in, got, err)
		}
	}
}

func TestNumbersOverseas(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{"97411": "+262692123456", "33318": ""} {
		if got, err := vault.Normalise("sms", "0692 12 34 56", vault.Region([]string{code})); (err == nil) != (want != "") || got != want {
			t.Errorf("%s: %q, %v", code, got, err)
		}
	}
}

func TestAbroad(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]bool{
		"+33612345678": false, "+33639980000": false, "+262692123456": false, "+590690123456": false, "+594694123456": false,
		"+596696123456": false, "+508551234": false, "+687751234": false, "+68987123456": false,
		"+32470123456": true, "+447400123456": true, "+41781234567": true, "+352621123456": true, "06": true,
	} {
		if got := vault.Abroad(number); got != want {
			t.Errorf("%s: %v", number, got)
		}
	}
}

func TestMaskHides(t *testing.T) {
	t.Parallel()
	for in, want := range map[[2]string]string{
		{"sms", "+33612345678"}:                 "06\u00a0••\u00a0••\u00a0••\u00a078",
		{"email", "marguerite@exemple.fr"}:      "m•••@e•••.fr",
		{"email", "x@sous.domaine.asso.fr"}:     "x•••@s•••.fr",
		{"push", `{"endpoint":"https://push"}`}: "•••",
	} {
		if got := vault.Mask(in[0], in[1]); got != want {
			t.Errorf("%v: %q", in, got)
		}
	}
}

func TestTokensAreOfOneUse(t *testing.T) {
	t.Parallel()
	m := master(t, 1)
	token := m.Token(vault.Leave, 42, "infos", "sms")
	if len(token) != 16 {
		t.Errorf("%d characters", len(token))
	}
	ordinal, check, ok := m.ReadToken(vault.Leave, token)
	if !ok || ordinal != 42 || !check("infos", "sms") {
		t.Fatalf("%d %v", ordinal, ok)
	}
	if check("infos", "email") || check("alertes", "sms") || check() {
		t.Error("a token for one stream is good for another")
	}
	if _, _, ok := m.ReadToken(vault.Manage, token); ok {
		t.Error("a leave token is read as a manage token")
	}
	manage := m.Token(vault.Manage, 42)
	if _, check, _ := m.ReadToken(vault.Enter, manage); check() {
		t.Error("a manage token is good to enter")
	}
	if _, check, _ := master(t, 2).ReadToken(vault.Manage, manage); check() {
		t.Error("a token of another key is good")
	}
	for i := range len(manage) {
		forged := []byte(manage)
		forged[i] ^= 1
		if n, check, ok := m.ReadToken(vault.Manage, string(forged)); ok && n == 42 && check() {
			t.Errorf("byte %d may be changed", i)
		}
	}
}

func TestEnrolAtOnceIsOneSubscriber(t *testing.T) {
	t.Parallel()
	kv, m := bucket(t), master(t, 1)
	model := vault.NewModel(m, consent.NewIndex(), slog.New(slog.DiscardHandler))
	v := vault.New(kv, m, model)
	ids := make([]string, 16)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			r, err := v.Enrol(t.Context(), "pessac", "sms", "+33612345678", "fr", time.Now())
			if err != nil {
				t.Error(err)
			}
			ids[i] = r.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatal("two subscribers of one number")
		}
	}
	if other, err := v.Enrol(t.Context(), "merignac", "sms", "+33612345678", "fr", time.Now()); err != nil || other.ID == ids[0] {
		t.Errorf("authorities share a subscriber: %v", err)
	}
	r, _, err := v.Get(t.Context(), ids[0])
	if err != nil {
		t.Fatal(err)
	}
	if a, err := v.Address(r, "sms"); err != nil || a != "+33612345678" {
		t.Errorf("%q %v", a, err)
	}
	if a, err := model.Open(model.Sealed([]string{r.ID})[0], "sms"); err != nil || a != "+33612345678" {
		t.Errorf("%q %v", a, err)
	}
	// sealed for him alone
	other, err := v.Enrol(t.Context(), "pessac", "sms", "+33698765432", "fr", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	other.Contacts = r.Contacts
	if _, err := v.Address(other, "sms"); err == nil {
		t.Error("a contact opens with another's key")
	}
}

func TestAnUnprovenContactIsNobodys(t *testing.T) {
	t.Parallel()
	kv, m := bucket(t), master(t, 1)
	v := vault.New(kv, m, vault.NewModel(m, consent.NewIndex(), slog.New(slog.DiscardHandler)))
	mallory, err := v.Enrol(t.Context(), "pessac", "sms", "+33612345678", "fr", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if mallory, err = v.AddContact(t.Context(), mallory.ID, "email", "zoe@exemple.fr"); err != nil {
		t.Fatal(err)
	}
	zoe, err := v.Enrol(t.Context(), "pessac", "email", "zoe@exemple.fr", "fr", time.Now())
	if err != nil || zoe.ID == mallory.ID {
		t.Fatalf("an address typed by another leads to him: %v", err)
	}
	if err := v.Claim(t.Context(), mallory, "email"); !errors.Is(err, jetstream.ErrKeyExists) {
		t.Errorf("claimed: %v", err)
	}
	if err := v.Erase(t.Context(), mallory.ID); err != nil {
		t.Fatal(err)
	}
	if again, err := v.Find(t.Context(), "pessac", "email", "zoe@exemple.fr"); err != nil || again.ID != zoe.ID {
		t.Errorf("erasing one loses another: %v", err)
	}
}

func TestMasterKey(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "audience", "master.key")
	if _, err := vault.LoadMaster(file, false); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a named file that does not exist: %v", err)
	}
	first, err := vault.LoadMaster(file, true)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	again, err := vault.LoadMaster(file, true)
	if err != nil || again.Fingerprint() != first.Fingerprint() {
		t.Errorf("the key changed: %v", err)
	}
	if text := fmt.Sprintf("%v %+v %s", first, first, first); text != "[redacted] [redacted] [redacted]" {
		t.Errorf("it prints %s", text)
	}
	kv := bucket(t)
	if err := vault.New(kv, first, nil).Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := vault.New(kv, master(t, 9), nil).Check(t.Context()); !errors.Is(err, vault.ErrWrongKey) {
		t.Errorf("another key: %v", err)
	}
}

func TestWatchFollowsAndForgets(t *testing.T) {
	t.Parallel()
	kv, m := bucket(t), master(t, 1)
	index := consent.NewIndex()
	model := vault.NewModel(m, index, slog.New(slog.DiscardHandler))
	v := vault.New(kv, m, vault.NewModel(m, consent.NewIndex(), slog.New(slog.DiscardHandler)))
	go func() { _ = model.Watch(t.Context(), kv) }()
	<-model.Ready()
	r, err := v.Enrol(t.Context(), "pessac", "sms", "+33612345678", "fr", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Modify(t.Context(), r.ID, func(r *vault.Record) error {
		r.Subscriptions = []consent.Subscription{{Stream: "infos", Kind: "sms", Status: consent.Confirmed}}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	eventstest.Eventually(t, func() bool { return index.Active(r.Ordinal, "pessac", "infos", "sms", events.ClassService) }, 20*time.Second)
	if err := v.Erase(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	eventstest.Eventually(t, func() bool {
		return model.Len() == 0 && !index.Active(r.Ordinal, "pessac", "infos", "sms", events.ClassService)
	}, 20*time.Second)
	if _, err := model.Open(model.Sealed([]string{r.ID})[0], "sms"); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("an erased contact opens: %v", err)
	}
}

// A subscriber in memory costs less than 200 bytes besides his sealed bytes.
func TestMemory(t *testing.T) {
	const people = 200_000
	m := master(t, 1)
	kv := bucket(t)
	v := vault.New(kv, m, vault.NewModel(m, consent.NewIndex(), slog.New(slog.DiscardHandler)))
	one, err := v.Enrol(t.Context(), "pessac", "sms", "+33612345678", "fr", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	one.Subscriptions = []consent.Subscription{{Stream: "infos", Kind: "sms", Topics: []string{"eau"}, Status: consent.Confirmed}}
	one.ConfirmedAt = time.Now()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	model := vault.NewModel(m, consent.NewIndex(), slog.New(slog.DiscardHandler))
	for i := range uint32(people) {
		r := one
		r.ID, r.Ordinal = vault.FormatID(uint64(i)*0x9e3779b97f4a7c15+1), i+1
		model.Apply(r, 1)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	sealed := len(one.Key) + len(one.Contacts[0].Sealed)
	each := int(after.HeapAlloc-before.HeapAlloc)/people - sealed
	if each > 200 || model.Len() != people {
		t.Errorf("%d bytes a subscriber besides %d sealed, %d subscribers", each, sealed, model.Len())
	}
	t.Logf("%d bytes a subscriber besides %d sealed", each, sealed)
	runtime.KeepAlive(model)
}
