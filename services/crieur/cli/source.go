package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/topic"
	"github.com/crieur/crieur/services/ingest"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/normalizer"
	"github.com/crieur/crieur/services/normalizer/classify"
)

type sourceCmd struct {
	Try tryCmd `cmd:"" help:"Guess what an address is, read it once and print the messages that would come."`
}

type tryCmd struct {
	configFlag
	URL   string   `arg:"" help:"The address to read."`
	Allow []string `help:"Address ranges that may be read though they are not public, such as 127.0.0.0/8." placeholder:"CIDR"`
	Limit int      `default:"10" help:"Print so many messages at most."`
}

// Run reads the address as ingest would and passes its records through the
// normalizer, so that what is printed is what would come.
func (c tryCmd) Run(g *globals) error {
	cfg, err := c.read()
	if err != nil {
		return err
	}
	cfg.Fetch.Allow = append(cfg.Fetch.Allow, c.Allow...)
	ic, err := cfg.Fetch.Ingest()
	if err != nil {
		return err
	}
	trial, err := ingest.Try(g.ctx, ic, c.URL)
	if err != nil {
		return err
	}
	pipeline, err := normalizer.NewPipeline(classify.DefaultRules())
	if err != nil {
		return err
	}
	fmt.Fprintf(g.stdout, "%s: a source of kind %s, with %d records; it would be read every %s.\n\n", trial.URL, trial.Kind, len(trial.Records), trial.Interval.Usual)
	for i, rec := range trial.Records {
		if i == c.Limit {
			fmt.Fprintf(g.stdout, "… and %d more.\n", len(trial.Records)-i)
			break
		}
		printRecord(g.stdout, pipeline, trial, rec)
	}
	return nil
}

func printRecord(w io.Writer, pipeline *normalizer.Pipeline, trial *ingest.Trial, rec source.Record) {
	if rec.Refused != nil {
		fmt.Fprintf(w, "✗ refused: %v\n\n", rec.Refused)
		return
	}
	body, err := json.Marshal(rec.Value)
	if err != nil {
		fmt.Fprintf(w, "✗ refused: %v\n\n", err)
		return
	}
	now := time.Now().UTC()
	raw := events.Raw{
		ID: events.RawID("essai", "source", rec.Item, "1"), Authority: "essai", Source: "source", Kind: trial.Kind,
		Item: rec.Item, Hash: "1", Revision: 1, FetchedAt: now, URL: rec.URL, Record: body,
	}
	src := registry.Source{Authority: "essai", ID: "source", Name: trial.URL, Kind: trial.Kind, URL: trial.URL}
	src.SetDefaults()
	m, err := pipeline.Normalise(raw, src, registry.Authority{ID: "essai", Name: "essai"}, now)
	if err != nil {
		fmt.Fprintf(w, "✗ refused: %v\n\n", err)
		return
	}
	fmt.Fprintf(w, "● %s\n  %s · %s · %s · until %s\n", m.Content.Title, m.Class, topic.Name(m.Topic, "fr"), m.Content.Language, m.Expires.Format("2006-01-02 15:04 MST"))
	if m.Content.Summary != "" {
		fmt.Fprintf(w, "  %s\n", m.Content.Summary)
	}
	var where []string
	for _, a := range m.Areas {
		where = append(where, strings.TrimSpace(strings.Join([]string{a.Name, a.Place, strings.Join(a.INSEE, " ")}, " ")))
	}
	if len(where) > 0 {
		fmt.Fprintf(w, "  %s\n", strings.Join(where, "; "))
	}
	if m.Content.Link != "" {
		fmt.Fprintf(w, "  %s\n", m.Content.Link)
	}
	fmt.Fprintln(w)
}
