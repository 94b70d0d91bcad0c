package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/crieur/config"
)

const good = `
data: /var/lib/crieur
authorities:
  - id: albi
    name: Albi
    kind: municipality
    insee: ["81004"]
sources:
  - authority: albi
    id: site
    name: Site de la ville
    kind: feed
    url: https://albi.example/feed/
    every: 5m
    settings:
      limit: 20
channels:
  - authority: albi
    id: fil
    name: Fil
    kind: feed
streams:
  - authority: albi
    id: infos
    name: Infos
    policy: automatic
    channels: [fil]
`

func signs(channel, profile string) string {
	return fmt.Sprintf("signs:\n  - {authority: albi, id: place, name: Place, channel: %q, profile: %s}\n", channel, profile)
}

type refuse struct{}

func (refuse) CheckSource(s registry.Source) error {
	if strings.Contains(string(s.Settings), "20") {
		return fmt.Errorf("limit: 20 is too many for %s", s.Kind)
	}
	if strings.Contains(string(s.Settings), "lmit") {
		return fmt.Errorf(`feed:1: unknown field "lmit"`)
	}
	return nil
}
func (refuse) CheckChannel(registry.Channel) error { return nil }

func (refuse) CheckSign(s registry.Sign, _ registry.Channel) error {
	if s.Profile != "text-8x16" {
		return &events.FieldError{Stage: "sign", Field: "profile", Problem: fmt.Sprintf("channel %q knows no %q", s.Channel, s.Profile)}
	}
	return nil
}

func (refuse) CheckFallback(_, other registry.Channel) error {
	if other.Kind == "feed" {
		return errors.New("a channel of kind feed cannot take over")
	}
	return nil
}

func TestParseFillsDefaults(t *testing.T) {
	t.Parallel()
	c, err := config.Parse("crieur.yaml", []byte(good), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:8080" || c.PublicURL != "http://127.0.0.1:8080" || c.Data != "/var/lib/crieur" {
		t.Errorf("got %+v", c)
	}
	if s := c.Sources[0]; s.Every.String() != "5m" || s.ClassDefault != "service" || string(s.Settings) != `{"limit":20}` {
		t.Errorf("source %+v", s)
	}
	if c.Authorities[0].TimeZone != "Europe/Paris" || c.Channels[0].Window != 64 {
		t.Errorf("entities have no defaults: %+v", c)
	}
}

// Headers of a proxy are believed where one is to be expected.
func TestTrustedProxiesFollowThePublicAddress(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body string
		want int
	}{
		"no TLS":            {"", 0},
		"TLS":               {"publicURL: https://infos.example", 2},
		"a proxy elsewhere": {"publicURL: https://infos.example\ntrustedProxies: [10.0.0.0/8]", 1},
		"no proxy":          {"publicURL: https://infos.example\ntrustedProxies: []", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := config.Parse("crieur.yaml", []byte(tc.body), nil)
			if err != nil {
				t.Fatal(err)
			}
			if list, err := c.Proxies(); err != nil || len(list) != tc.want {
				t.Errorf("%v, %v", list, err)
			}
		})
	}
}

func TestEmptyFileIsAnEmptyInstallation(t *testing.T) {
	t.Parallel()
	c, err := config.Parse("crieur.yaml", nil, nil)
	if err != nil || c.Data != ".crieur" {
		t.Fatalf("%+v, %v", c, err)
	}
	if c.NATS.Replicas != 0 {
		t.Errorf("%d replicas that nobody asked for: streams of a cluster are narrowed", c.NATS.Replicas)
	}
}

// What a power cut may lose is for the installation to choose.
func TestSyncEvery(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]time.Duration{
		"": 0, "nats: {syncEvery: 1s}": time.Second, "nats: {syncEvery: 0s}": -1,
	} {
		c, err := config.Parse("crieur.yaml", []byte(body), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.NATS.Sync(); got != want {
			t.Errorf("%q: %s, want %s", body, got, want)
		}
	}
}

// Every error names the file, the line and the field.
func TestErrorsNameFileLineAndField(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body, line, field string
		settings          config.Connectors
	}{
		"unknown key":      {strings.Replace(good, "url:", "adress:", 1), ":13", "sources[0].adress", nil},
		"short address":    {"shortURL: crr.example", ":1", "shortURL", nil},
		"wrong case":       {"publicUrl: x", ":1", `did you mean "publicURL"`, nil},
		"syntax":           {"data: [", ":1", "", nil},
		"no settings":      {"crieur", ":1", "not settings", nil},
		"a list":           {"- data: x\n", ":1", "not settings", nil},
		"second document":  {"data: x\n---\ndata: y\n", ":2", "second document", nil},
		"an empty one":     {"data: x\n---\n", ":2", "second document", nil},
		"wrong type":       {"nats:\n  replicas: many", ":2", "nats.replicas", nil},
		"bad slug":         {strings.Replace(good, "id: site", "id: Mon Site", 1), ":10", "sources[0].id", nil},
		"no such channel":  {strings.Replace(good, "[fil]", "[sms]", 1), ":27", `no channel "sms"`, nil},
		"no such fallback": {strings.Replace(good, "    id: fil\n", "    id: fil\n    fallback: secours\n", 1), ":20", `no channel "secours"`, nil},
		"sign of none":     {good + signs("panneaux", "text-8x16"), ":29", `signs[0].channel: albi has no channel "panneaux"`, nil},
		"sign of which":    {good + signs("", "text-8x16"), ":29", "signs[0].channel: albi has 0 channels of kind sign", nil},
		"no such profile":  {strings.Replace(good, "20", "2", 1) + signs("fil", "text-9x9"), ":29", `signs[0].profile: channel "fil" knows no "text-9x9"`, refuse{}},
		"no authority":     {strings.Replace(good, "authority: albi\n    id: fil", "authority: alby\n    id: fil", 1), ":18", `no authority "alby"`, nil},
		"settings of kind": {good, ":16", "sources[0].settings.limit: limit: 20 is too many", refuse{}},
		"unknown setting":  {strings.Replace(good, "limit: 20", "limit: 2\n      deep:\n        ping: 1\n        lmit: 2", 1), ":19", `sources[0].settings.deep.lmit: feed: unknown field "lmit"`, refuse{}},
		"no address":       {"listen: 8080", ":1", "listen", nil},
		"log level":        {"log:\n  level: loud", ":2", "log.level", nil},
		"replicas":         {"nats:\n  replicas: 2", ":2", "nats.replicas", nil},
		"bad sync":         {"nats:\n  syncEvery: always", ":2", "nats.syncEvery", nil},
		"bad range":        {"fetch:\n  allow: [10.0.0.0]", ":2", "fetch.allow[0]", nil},
		"bad proxy":        {"trustedProxies: [10.0.0.1]", ":1", "trustedProxies[0]", nil},
		"voice":            {"speech:\n  command: [espeak-ng]", ":2", "speech: languages: required", nil},
		"oidc key":         {"curator:\n  oidc:\n    clientId: crieur", ":3", `did you mean "clientID"`, nil},
		"oidc in clear":    {"curator:\n  oidc: {issuer: http://auth.example, clientID: crieur,\n    client_secret: s3cret}", ":3", "curator.oidc.client_secret: holds a secret in clear", nil},
		"oidc issuer":      {"curator:\n  oidc:\n    issuer: http://auth.example\n    clientID: crieur\n    client_secret: ${S}", ":3", "curator.oidc.issuer: is not an https address", nil},
		"oidc client":      {"curator:\n  oidc:\n    issuer: http://127.0.0.1:1\n    client_secret: ${S}", ":3", "curator.oidc.clientID: required", nil},
		"oidc secret":      {"curator:\n  oidc:\n    issuer: https://auth.example\n    clientID: crieur", ":3", "curator.oidc.client_secret_file: required", nil},
		"bad duration":     {strings.Replace(good, "5m", "soon", 1), ":14", "sources[0].every", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse("crieur.yaml", []byte(tc.body), tc.settings)
			var ce *config.Error
			if !errors.As(err, &ce) {
				t.Fatalf("error %v", err)
			}
			if !strings.Contains(err.Error(), "crieur.yaml"+tc.line) || !strings.Contains(err.Error(), tc.field) {
				t.Errorf("%q lacks %q or %q", err, tc.line, tc.field)
			}
		})
	}
}

func TestAllErrorsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Parse("f", []byte("lisen: x\nauthorites: []\n"), nil)
	if err == nil || !strings.Contains(err.Error(), "lisen") || !strings.Contains(err.Error(), "authorites") {
		t.Fatalf("got %v", err)
	}
}

// Errors come in the order of the file, always the same.
func TestErrorsComeInOrder(t *testing.T) {
	t.Parallel()
	_, err := config.Parse("crieur.yaml", []byte("zeta: 1\nalpha: 2\nlog:\n  colour: x\n  beta: y\nmiddle: 3\n"), nil)
	if err == nil {
		t.Fatal("unknown keys are taken")
	}
	var lines []string
	for line := range strings.Lines(err.Error()) {
		lines = append(lines, strings.Split(line, ":")[1])
	}
	if got := strings.Join(lines, " "); got != "1 2 4 5 6" {
		t.Errorf("lines %s", got)
	}
}
