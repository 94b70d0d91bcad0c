package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/ingest"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/publisher"
	"github.com/crieur/crieur/services/publisher/channel"
)

// connectors asks each connector whether its settings are right, as
// config.Connectors wants. Nothing is dialled and no secret is read.
type connectors struct{}

// CheckSource implements config.Connectors.
func (connectors) CheckSource(s registry.Source) error {
	var names []string
	for _, k := range ingest.Kinds() {
		if k.Name == s.Kind {
			_, err := k.New(
				source.Deps{Now: time.Now, Secret: func(string) (string, error) { return "checked-at-start", nil }},
				source.Spec{Authority: s.Authority, ID: s.ID, Kind: s.Kind, URL: s.URL, Settings: s.Settings, Every: s.Every.Std()})
			return err
		}
		names = append(names, k.Name)
	}
	return fmt.Errorf("kind: there is no %q; there are %s", s.Kind, strings.Join(names, ", "))
}

// CheckChannel implements config.Connectors.
func (connectors) CheckChannel(ch registry.Channel) error {
	return publisher.Check(specOf(ch), idle("http://localhost"))
}

// CheckSign implements config.Connectors.
func (connectors) CheckSign(s registry.Sign, ch registry.Channel) error {
	return publisher.CheckSign(specOf(ch), s, idle("http://localhost"))
}

func specOf(ch registry.Channel) channel.Spec {
	return channel.Spec{Authority: ch.Authority, ID: ch.ID, Kind: ch.Kind, Name: ch.Name, Window: ch.Window, Settings: json.RawMessage(ch.Settings)}
}

// idle is what a channel is made with that is not to send.
func idle(publicURL string) channel.Deps {
	return channel.Deps{
		Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: http.DefaultClient,
		Directory: nowhere{}, Shelf: nothing{}, Receipts: nobody{}, PublicURL: publicURL,
		OptOut: func(context.Context, call.OptOutRequest) (call.OptOutReply, error) { return call.OptOutReply{}, nil },
	}
}

// CheckFallback implements config.Connectors.
func (connectors) CheckFallback(ch, other registry.Channel) error {
	return publisher.CheckFallback(ch.Kind, other.Kind)
}

// nowhere, nothing and nobody are what a channel is checked with.
type (
	nowhere struct{}
	nothing struct{}
	nobody  struct{}
)

func (nowhere) Authority(string) (registry.Authority, bool)      { return registry.Authority{}, false }
func (nowhere) Stream(string, string) (registry.Stream, bool)    { return registry.Stream{}, false }
func (nowhere) Signs(string, string) []registry.Sign             { return nil }
func (nothing) Put(context.Context, events.Delivery) error       { return nil }
func (nothing) Remove(context.Context, events.Delivery) error    { return nil }
func (nothing) Items(string, string, string) []events.Delivery   { return nil }
func (nothing) Version(string, string) uint64                    { return 0 }
func (nothing) Changed(string) <-chan struct{}                   { return nil }
func (nobody) Later(_, _ string, _ channel.Later, f func(error)) { f(nil) }
func (nowhere) Sign(string, string) (registry.Sign, channel.Channel, bool) {
	return registry.Sign{}, nil, false
}

func (nobody) Shown(context.Context, events.Delivery, string, []events.Recipient) error { return nil }
