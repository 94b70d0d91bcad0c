package channeltest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Update registers the flag that rewrites golden files; call it from a
// package variable of the test.
func Update() *bool { return flag.Bool("update", false, "rewrite testdata/*/want.json") }

// Case is testdata/<case>/input.json: what differs from Publication and
// Profile, and settings that the channel has besides, in YAML.
type Case struct {
	Settings    string          `json:"settings"`
	Publication json.RawMessage `json:"publication"`
	Profile     json.RawMessage `json:"profile"`
}

// Golden renders every testdata/<case>/input.json and compares with want.json.
// A case to be refused has want.err with the reason instead.
func Golden(t *testing.T, c channel.Channel, update bool) {
	t.Helper()
	GoldenWith(t, func(t *testing.T, settings string) channel.Channel {
		t.Helper()
		if settings != "" {
			t.Fatal("this kind has no cases with settings")
		}
		return c
	}, update)
}

// GoldenWith is Golden for cases with settings of their own.
func GoldenWith(t *testing.T, of func(t *testing.T, settings string) channel.Channel, update bool) {
	t.Helper()
	inputs, err := filepath.Glob("testdata/*/input.json")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no testdata/*/input.json: %v", err)
	}
	for _, input := range inputs {
		dir := filepath.Dir(input)
		t.Run(filepath.Base(dir), func(t *testing.T) { golden(t, of, dir, update) })
	}
}

func golden(t *testing.T, of func(*testing.T, string) channel.Channel, dir string, update bool) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(dir, "input.json"))
	if err != nil {
		t.Fatal(err)
	}
	var in Case
	p, profile := Publication(), Profile()
	if err := json.Unmarshal(body, &in); err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	for _, part := range []struct {
		from json.RawMessage
		to   any
	}{{in.Publication, &p}, {in.Profile, &profile}} {
		if len(part.from) > 0 {
			if err := json.Unmarshal(part.from, part.to); err != nil {
				t.Fatalf("%s: %v", dir, err)
			}
		}
	}
	r, err := channel.Render(of(t, in.Settings), p, profile)
	name, got := "want.json", []byte(nil)
	if err != nil {
		name, got = "want.err", []byte(string(events.OutcomeOf(err).Reason)+"\n")
	} else if got, err = json.MarshalIndent(r, "", "  "); err != nil {
		t.Fatal(err)
	} else {
		got = append(got, '\n')
	}
	path := filepath.Join(dir, name)
	if update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (write it with -update)", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant\n%s", path, got, want)
	}
}
