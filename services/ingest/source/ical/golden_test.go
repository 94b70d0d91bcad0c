package ical

import (
	"flag"
	"testing"
	"time"

	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

var update = flag.Bool("update", false, "write the expected records of testdata anew")

func paris(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func options(t testing.TB, now string) Options {
	t.Helper()
	at, err := time.Parse(time.DateOnly, now)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Zone: paris(t), Now: at, Past: 24 * time.Hour, Horizon: 60 * 24 * time.Hour}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	sourcetest.Golden(t, *update, func(input []byte) ([]source.Record, error) {
		cal, err := Parse(input, options(t, "2026-02-20"))
		return cal.Records, err
	})
}
