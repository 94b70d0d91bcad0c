package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
)

func (f *document) address(path, address string) {
	if u, err := url.Parse(address); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		f.wrong(path, fmt.Errorf("%q is not an http or https address", address))
	}
}

func (f *document) validate(c *Config, connectors Connectors) {
	f.address(".publicURL", c.PublicURL)
	if c.ShortURL != "" {
		f.address(".shortURL", c.ShortURL)
	}
	f.installation(c)
	f.ranges(".fetch.allow", c.Fetch.Allow)
	f.ranges(".trustedProxies", c.TrustedProxies)
	if c.Curator.OIDC != nil {
		f.entity(".curator.oidc", c.Curator.OIDC.Validate())
	}
	if len(c.Speech.Command) > 0 {
		if err := c.Speech.Voice().Validate(); err != nil {
			f.wrong(".speech", err)
		}
	}
	authorities := map[string]bool{}
	for i, a := range c.Authorities {
		path := fmt.Sprintf(".authorities[%d]", i)
		f.entity(path, a.Validate())
		f.once(path, authorities, a.ID)
	}
	for i, a := range c.Authorities {
		f.refers(fmt.Sprintf(".authorities[%d].parent", i), authorities, a.Parent)
	}
	f.sources(c, authorities, connectors)
	channels := f.channels(c, authorities, connectors)
	f.streams(c, authorities, channels)
	signs := map[string]bool{}
	for i, s := range c.Signs {
		path := fmt.Sprintf(".signs[%d]", i)
		f.entity(path, s.Validate())
		f.once(path, signs, s.Authority+"/"+s.ID)
		f.refers(path+".authority", authorities, s.Authority)
		f.sign(path, c, s.Sign, connectors)
		if s.TokenFile != "" {
			if _, err := os.Stat(s.TokenFile); err != nil {
				f.wrong(path+".token_file", err)
			}
		}
	}
	officers := map[string]bool{}
	for i, o := range c.Officers {
		path := fmt.Sprintf(".officers[%d]", i)
		f.entity(path, o.Validate())
		f.once(path, officers, o.ID)
		for a := range o.Roles {
			f.refers(path+".roles."+a, authorities, a)
		}
	}
}

// installation is what is of the machine, not of an authority.
func (f *document) installation(c *Config) {
	for path, address := range map[string]string{".listen": c.Listen, ".nats.listen": c.NATS.Listen, ".nats.mqtt": c.NATS.MQTT, ".clickhouse.listen": c.ClickHouse.Listen} {
		if _, _, err := net.SplitHostPort(address); err != nil && address != "" {
			f.wrong(path, fmt.Errorf("%q is not host:port", address))
		}
	}
	if !slices.Contains([]string{"text", "json"}, c.Log.Format) {
		f.wrong(".log.format", fmt.Errorf("%q is not text or json", c.Log.Format))
	}
	if err := new(slog.Level).UnmarshalText([]byte(c.Log.Level)); err != nil {
		f.wrong(".log.level", fmt.Errorf("%q is not debug, info, warn or error", c.Log.Level))
	}
	if !slices.Contains([]int{0, 1, 3, 5}, c.NATS.Replicas) {
		f.wrong(".nats.replicas", fmt.Errorf("%d is not 1, 3 or 5", c.NATS.Replicas))
	}
}

func (f *document) ranges(path string, list []string) {
	for i, r := range list {
		if _, err := netip.ParsePrefix(r); err != nil {
			f.wrong(fmt.Sprintf("%s[%d]", path, i), fmt.Errorf("%q is not a range such as 10.0.0.0/8", r))
		}
	}
}

func (f *document) sources(c *Config, authorities map[string]bool, connectors Connectors) {
	seen := map[string]bool{}
	for i, s := range c.Sources {
		path := fmt.Sprintf(".sources[%d]", i)
		f.entity(path, s.Validate())
		f.once(path, seen, s.Authority+"/"+s.ID)
		f.refers(path+".authority", authorities, s.Authority)
		if connectors != nil {
			f.settings(path+".settings", s.Settings, connectors.CheckSource(s))
		}
	}
}

func (f *document) channels(c *Config, authorities map[string]bool, connectors Connectors) map[string]bool {
	seen := map[string]bool{}
	for i, ch := range c.Channels {
		path := fmt.Sprintf(".channels[%d]", i)
		f.entity(path, ch.Validate())
		f.once(path, seen, ch.Authority+"/"+ch.ID)
		f.refers(path+".authority", authorities, ch.Authority)
		if connectors != nil {
			f.settings(path+".settings", ch.Settings, connectors.CheckChannel(ch))
		}
	}
	for i, ch := range c.Channels {
		if ch.Fallback != "" {
			f.fallback(fmt.Sprintf(".channels[%d].fallback", i), c, ch, connectors)
		}
	}
	return seen
}

// sign checks the channel that a sign shows: the one it names, or else the only
// one of kind sign.
func (f *document) sign(path string, c *Config, s registry.Sign, connectors Connectors) {
	var shows []registry.Channel
	for _, ch := range c.Channels {
		if ch.Authority == s.Authority && (ch.ID == s.Channel || s.Channel == "" && ch.Kind == "sign") {
			shows = append(shows, ch)
		}
	}
	switch {
	case len(shows) == 0 && s.Channel != "":
		f.wrong(path+".channel", fmt.Errorf("%s has no channel %q", s.Authority, s.Channel))
	case len(shows) != 1:
		f.wrong(path+".channel", fmt.Errorf("%s has %d channels of kind sign: one must be named", s.Authority, len(shows)))
	case connectors != nil:
		f.entity(path, connectors.CheckSign(s, shows[0]))
	}
}

func (f *document) fallback(path string, c *Config, ch registry.Channel, connectors Connectors) {
	at := slices.IndexFunc(c.Channels, func(other registry.Channel) bool {
		return other.Authority == ch.Authority && other.ID == ch.Fallback
	})
	switch {
	case at < 0:
		f.wrong(path, fmt.Errorf("%s has no channel %q", ch.Authority, ch.Fallback))
	case connectors != nil:
		if err := connectors.CheckFallback(ch, c.Channels[at]); err != nil {
			f.wrong(path, err)
		}
	}
}

func (f *document) streams(c *Config, authorities, channels map[string]bool) {
	seen := map[string]bool{}
	for i, s := range c.Streams {
		path := fmt.Sprintf(".streams[%d]", i)
		f.entity(path, s.Validate())
		f.once(path, seen, s.Authority+"/"+s.ID)
		f.refers(path+".authority", authorities, s.Authority)
		for j, ch := range s.Channels {
			if !channels[s.Authority+"/"+ch] {
				f.wrong(fmt.Sprintf("%s.channels[%d]", path, j), fmt.Errorf("%s has no channel %q", s.Authority, ch))
			}
		}
	}
}

// entity splits a registry entity's joined errors, one line each; a registry
// error begins with "<entity>: <field>: ".
func (f *document) entity(path string, err error) {
	if err == nil {
		return
	}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		for _, e := range joined.Unwrap() {
			f.entity(path, e)
		}
		return
	}
	var fe *events.FieldError
	if errors.As(err, &fe) {
		f.wrong(path+"."+fe.Field, errors.New(fe.Problem))
		return
	}
	f.wrong(path, err)
}

// decoderLine is where a connector's decoder stands in the settings alone, which
// is not where they are in the file.
var decoderLine = regexp.MustCompile(`\[\d+:\d+\] |:\d+(: unknown field)`)

// settings tells a connector's error at the setting that it names.
func (f *document) settings(path string, settings json.RawMessage, err error) {
	if err == nil {
		return
	}
	text := err.Error()
	var tree map[string]any
	// Settings that are no mapping name nothing.
	_ = json.Unmarshal(settings, &tree)
	f.wrong(path+named(tree, text), errors.New(decoderLine.ReplaceAllString(text, "$1")))
}

// named is the path of the setting that an error quotes, else of the one that it
// names before a colon; empty when there is none.
func named(tree map[string]any, text string) string {
	for _, form := range []string{`"%s"`, ` %s: `} {
		for _, k := range slices.Sorted(maps.Keys(tree)) {
			if strings.Contains(" "+text, fmt.Sprintf(form, k)) {
				return "." + k
			}
			if under, ok := tree[k].(map[string]any); ok {
				if found := named(under, text); found != "" {
					return "." + k + found
				}
			}
		}
	}
	return ""
}

func (f *document) once(path string, seen map[string]bool, id string) {
	if seen[id] {
		f.wrong(path+".id", fmt.Errorf("%q is there twice", id))
	}
	seen[id] = true
}

func (f *document) refers(path string, known map[string]bool, id string) {
	if id != "" && !known[id] {
		f.wrong(path, fmt.Errorf("no authority %q (there are: %s)", id, keys(known)))
	}
}

func keys(m map[string]bool) string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	if len(list) == 0 {
		return "none"
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
