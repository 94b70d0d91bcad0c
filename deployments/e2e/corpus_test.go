package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/ingest"
	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/runner"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/source/mail"
	"github.com/crieur/crieur/services/normalizer"
	"github.com/crieur/crieur/services/normalizer/classify"
)

var corpusMessages = flag.String("messages", "", "write the messages of the corpus to this file, one JSON a line")

// recorded are the groups of the corpus that are documents of sources, and the
// connectors that may read them, by folder.
var recorded = []struct {
	folder, kind, settings string
	names                  []string // endings
}{
	{"feeds", "feed", "", []string{".xml", ".rss", ".atom", ".json", ".rdf"}},
	{"feeds-fr", "feed", "", []string{".rss", ".xml"}},
	{"cap", "cap", "", []string{".xml", ".cap", ".atom"}},
	{"ics", "ical", "", []string{".ics"}},
	{"gtfs-rt", "gtfsrt", "", []string{".pb"}},
	{"datex2", "datex2", "area: {departements: [\"33\", \"35\", \"75\", \"13\", \"69\"], box: [40, -6, 72, 32]}", []string{".xml"}},
	{"vigicrues", "vigicrues", "{}", []string{".geojson"}},
	{"meteo-vigilance", "vigilance", "{key: k}", []string{".json"}},
	{"openagenda", "openagenda", "{agenda: \"1\", slug: albi}", []string{".json"}},
	{"opendata", "opendatasoft", "{dataset: d}", []string{".json"}},
	{"web", "page", "", []string{".html"}},
	{"email", "mail", "", []string{".eml", ".txt"}},
}

// recording answers every request with one file.
type recording struct {
	body        []byte
	contentType string
}

func (r recording) Do(_ context.Context, req fetch.Request) (*fetch.Response, error) {
	return &fetch.Response{Status: 200, Body: r.body, ContentType: r.contentType, Header: http.Header{}, FinalURL: req.URL}, nil
}

// corpusNow is when the corpus is read.
var corpusNow = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// TestCorpus reads every recorded document as ingest does and makes messages of
// it as the normalizer does: what an officer would see is fit to be read.
func TestCorpus(t *testing.T) {
	root := eventstest.Corpus(t)
	pipeline, err := normalizer.NewPipeline(classify.DefaultRules())
	if err != nil {
		t.Fatal(err)
	}
	var out *json.Encoder
	if *corpusMessages != "" {
		f, err := os.Create(*corpusMessages)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		out = json.NewEncoder(f)
	}
	for _, group := range recorded {
		t.Run(group.folder, func(t *testing.T) {
			kind := kindNamed(t, group.kind)
			var files, unread, messages, refused int
			why := map[string]int{}
			err := filepath.WalkDir(filepath.Join(root, group.folder), func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() || !slices.Contains(group.names, filepath.Ext(path)) {
					return err
				}
				files++
				raws, err := rawsOf(t, kind, group.settings, path)
				if err != nil {
					unread++
					why[reason(err)]++
					return nil
				}
				for _, raw := range raws {
					m, err := pipeline.Normalise(raw, sourceOf(raw), registry.Authority{ID: "ville", Name: "Ville", INSEE: []string{"33039"}}, corpusNow)
					if err != nil {
						refused++
						why[reason(err)]++
						continue
					}
					messages++
					for _, fault := range faults(m) {
						t.Errorf("%s, %s: %s", filepath.Base(path), raw.Item, fault)
					}
					if out != nil {
						if err := out.Encode(map[string]any{"file": path, "message": m}); err != nil {
							t.Error(err)
						}
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %d documents, %d that %s does not read, %d messages, %d records refused: %v", group.folder, files, unread, group.kind, messages, refused, why)
			if unread == files || messages == 0 && group.kind != "vigicrues" { // its recorded reaches are green
				t.Error("no message")
			}
		})
	}
}

func reason(err error) string { return string(events.OutcomeOf(err).Reason) }

func kindNamed(t *testing.T, name string) source.Kind {
	t.Helper()
	kinds := ingest.Kinds()
	i := slices.IndexFunc(kinds, func(k source.Kind) bool { return k.Name == name })
	if i < 0 {
		t.Fatalf("no kind %s", name)
	}
	return kinds[i]
}

func sourceOf(raw events.Raw) registry.Source {
	s := registry.Source{Authority: raw.Authority, ID: raw.Source, Name: "Ville", Kind: raw.Kind}
	s.SetDefaults()
	return s
}

// rawsOf reads one document.
func rawsOf(t *testing.T, kind source.Kind, settings, path string) ([]events.Raw, error) {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	spec := source.Spec{Authority: "ville", ID: "essai", Kind: kind.Name, URL: "https://ville.example/document", Settings: []byte(settings)}
	records, err := readRecords(kind, spec, body)
	if err != nil {
		return nil, err
	}
	return runner.First(runner.Config{BacklogKeep: 25}, spec, kind, records, corpusNow).Raws, nil
}

func readRecords(kind source.Kind, spec source.Spec, body []byte) ([]source.Record, error) {
	if kind.Name == "mail" {
		m, err := mail.Parse(body)
		if err != nil {
			return nil, err
		}
		text := m.HTML
		if text == "" {
			text = m.Text
		}
		return []source.Record{{Item: "mail", Value: record.Entry{Title: m.Subject, Body: text, Published: m.Date}}}, nil
	}
	deps := source.Deps{
		HTTP: recording{body: body}, Now: func() time.Time { return corpusNow },
		Secret: func(s string) (string, error) { return s, nil },
	}
	made, err := kind.New(deps, spec)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	reader, ok := made.(source.Source)
	if !ok {
		return nil, errors.New("not a source that is polled")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	records, _, err := reader.Fetch(ctx, source.Cursor{})
	return records, err
}

var (
	entity   = regexp.MustCompile(`&(#[0-9]{2,5}|#x[0-9a-fA-F]{2,4}|[a-z]{2,6});`)
	leftover = regexp.MustCompile(`(?i)(lire la suite|en savoir plus|read more|continue reading)\s*(…|\.\.\.|»|→|\[…\])?\s*$`)
)

// faults are what an officer would have to mend.
func faults(m events.Message) []string {
	var list []string
	say := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if err := m.Validate(); err != nil {
		say("%v", err)
	}
	c := m.Content
	for name, s := range map[string]string{"title": c.Title, "summary": c.Summary, "text": c.Text, "html": c.HTML, "instruction": c.Instruction, "place": c.Place} {
		if !utf8.ValidString(s) {
			say("%s: not UTF-8", name)
		}
		if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
			say("%s: control characters in %.80q", name, s)
		}
		if name != "html" && strings.Contains(s, " \u00a0 ") {
			say("%s: spaces in %.80q", name, s)
		}
	}
	for name, s := range map[string]string{"title": c.Title, "summary": c.Summary} {
		if e := entity.FindString(s); e != "" {
			say("%s: %s left in %.120q", name, e, s)
		}
		if strings.Contains(s, "\n") || strings.TrimSpace(s) != s {
			say("%s: more than a line: %.120q", name, s)
		}
		if leftover.MatchString(s) && len(s) > 40 {
			say("%s: ends with %.200q", name, leftover.FindString(s))
		}
	}
	if bytes.Contains([]byte(c.HTML), []byte("<script")) {
		say("html: script")
	}
	if m.Onset != nil && (m.Onset.Year() < 1990 || m.Onset.Year() > 2100) {
		say("onset: %s", m.Onset)
	}
	if m.Ends != nil && m.Onset != nil && m.Ends.Before(*m.Onset) {
		say("ends before it begins: %s, %s", m.Onset, m.Ends)
	}
	return list
}
