package seal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/audience/seal"
)

func TestSealVerifiesAndForgeryDoesNot(t *testing.T) {
	t.Parallel()
	s, err := seal.Load(filepath.Join(t.TempDir(), "audience", "seal.pem"), true)
	if err != nil {
		t.Fatal(err)
	}
	p := events.Publication{ID: "p", Revision: 2, Content: events.Content{Title: "Eau <coupée> & l’œuvre", Text: "É"}, At: time.Unix(1, 0), Expires: time.Unix(2, 0)}
	sealed, err := s.Seal(seal.Of(p, "Pessac", "https://infos.example/c/pessac/p/p"))
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.MarshalIndent(sealed, "", "    ")
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.Verify(body)
	if err != nil || d.State != "corrected" || d.Title != p.Content.Title {
		t.Fatalf("%+v %v", d, err)
	}
	for name, tc := range map[string]struct {
		body []byte
		want error
	}{
		"title changed":   {bytes.Replace(body, []byte("Pessac"), []byte("Passac"), 1), seal.ErrForged},
		"other key":       {bytes.Replace(body, []byte(sealed.Key), []byte("0000000000000000"), 1), seal.ErrKey},
		"other algorithm": {bytes.Replace(body, []byte("Ed25519"), []byte("none"), 1), seal.ErrForm},
		"not JSON":        {[]byte("{"), seal.ErrForm},
	} {
		if _, err := s.Verify(tc.body); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzCanonicalIsStable(f *testing.F) {
	f.Add([]byte(`{"b":1,"a":["é","<"]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		once, err := seal.Canonical(body)
		if err != nil {
			return
		}
		twice, err := seal.Canonical(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%q then %q, %v", once, twice, err)
		}
	})
}
