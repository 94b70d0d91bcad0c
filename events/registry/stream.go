package registry

import (
	"slices"
	"strings"

	"github.com/crieur/crieur/events"
)

// Policy is how messages become publications on a stream.
type Policy string

// The policies.
const (
	Review    Policy = "review"    // an officer approves each; the default
	Automatic Policy = "automatic" // published as they come, but alerts
)

// Stream (flux) gathers messages by a rule and publishes them on channels.
// Its key is {Authority, ID}.
type Stream struct {
	Authority   string   `json:"authority"`
	ID          string   `json:"id"` // slug within the authority
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Rule        Rule     `json:"rule"`
	Policy      Policy   `json:"policy"`
	Channels    []string `json:"channels,omitempty"` // channel IDs of the authority
	Public      bool     `json:"public,omitempty"`   // has a feed and a page that anyone reads
	Topics      []string `json:"topics,omitempty"`   // what residents subscribe to
	Paused      bool     `json:"paused,omitempty"`
}

// Rule selects messages. An empty list does not narrow; lists are joined by
// and, the values of one by or.
type Rule struct {
	Authorities []string        `json:"authorities,omitempty"` // empty: the stream's own and those it belongs to
	Sources     []string        `json:"sources,omitempty"`     // "<source>" of the stream's authority, or "<authority>/<source>"
	Topics      []string        `json:"topics,omitempty"`
	Areas       []string        `json:"areas,omitempty"`
	Classes     []events.Class  `json:"classes,omitempty"`
	MinSeverity events.Severity `json:"minSeverity,omitempty"`
}

// Key implements the repository's key: {Authority, ID}.
func (s Stream) Key() Key { return Key{s.Authority, s.ID} }

// SetDefaults makes a stream reviewed unless it says otherwise.
func (s *Stream) SetDefaults() {
	if s.Policy == "" {
		s.Policy = Review
	}
}

// Approvals returns how many different officers must approve a message of the
// given class and trust of source before the stream publishes it: alerts
// always two, unless the authority relays the State's; what anybody may write
// always one at least.
func (s Stream) Approvals(a Authority, class events.Class, trust Trust) int {
	switch {
	case class == events.ClassAlert && trust == TrustState && a.RelayStateAlerts:
		return 0
	case class == events.ClassAlert:
		return 2
	case s.Policy == Automatic && trust != TrustPublic:
		return 0
	}
	return 1
}

// Validate names every wrong field.
func (s Stream) Validate() error {
	c := check{entity: "stream"}
	c.slug("authority", s.Authority)
	c.slug("id", s.ID)
	c.name("name", s.Name)
	c.that(len(s.Description) <= 4000, "description", "%d bytes, 4000 allowed", len(s.Description))
	c.slugs("rule.authorities", s.Rule.Authorities)
	for i, src := range s.Rule.Sources {
		c.that(isSourceRef(src), index("rule.sources", i), "%q is neither <source> nor <authority>/<source>", src)
	}
	c.unique("rule.sources", s.Rule.Sources)
	c.slugs("rule.topics", s.Rule.Topics)
	c.areas("rule.areas", s.Rule.Areas)
	c.classes("rule.classes", s.Rule.Classes)
	c.that(s.Rule.MinSeverity == "" || s.Rule.MinSeverity.Rank() >= 0, "rule.minSeverity", "%q is not a CAP severity", s.Rule.MinSeverity)
	c.that(slices.Contains([]Policy{Review, Automatic}, s.Policy), "policy", "%q is not review or automatic", s.Policy)
	c.slugs("channels", s.Channels)
	c.slugs("topics", s.Topics)
	return c.err()
}

func isSourceRef(ref string) bool {
	authority, source, both := strings.Cut(ref, "/")
	if !both {
		return events.IsSlug(ref)
	}
	return events.IsSlug(authority) && events.IsSlug(source)
}
