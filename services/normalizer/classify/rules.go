package classify

import (
	_ "embed"
	"errors"
	"fmt"
	"os"

	"github.com/goccy/go-yaml"

	"github.com/crieur/crieur/events"
)

//go:embed rules.yaml
var defaultRules []byte

// Rules is the file of rules.
type Rules struct {
	Topics []Topic `yaml:"topics"`
	Danger Danger  `yaml:"danger"`
}

// Danger tells what is an immediate danger, and what is its end or none at all;
// rules.yaml says what each list is for.
type Danger struct {
	Signs        []string `yaml:"signs"`
	Orders       []string `yaml:"orders"`
	Causes       []string `yaml:"causes"`
	UnlessBefore []string `yaml:"unless_before"`
	Over         []string `yaml:"over"`
	Pending      []string `yaml:"pending"`
	Still        []string `yaml:"still"`
	Drill        []string `yaml:"drill"`
	Headings     []string `yaml:"headings"`
	Other        []string `yaml:"other"`
}

// Topic is one topic and what tells it.
type Topic struct {
	Slug    string       `yaml:"slug"`
	Name    string       `yaml:"name"`    // French
	English string       `yaml:"english"` // English
	Class   events.Class `yaml:"class"`
	Days    int          `yaml:"days"` // of use when nothing says
	Strong  []string     `yaml:"strong"`
	Words   []string     `yaml:"words"`
	Weak    []string     `yaml:"weak"`
	Not     []string     `yaml:"not"`
}

// DefaultRules returns the rules that come with the program.
func DefaultRules() Rules {
	r, err := ParseRules(defaultRules)
	if err != nil {
		panic("classify: embedded rules: " + err.Error()) // of the build, found by the tests
	}
	return r
}

// ReadRules reads a file of rules. Unknown keys are refused with their line.
func ReadRules(path string) (Rules, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return Rules{}, fmt.Errorf("classify: rules: %w", err)
	}
	r, err := ParseRules(body)
	if err != nil {
		return Rules{}, fmt.Errorf("classify: rules %s: %w", path, err)
	}
	return r, nil
}

// ParseRules reads rules and checks them; errors name the topic.
func ParseRules(body []byte) (Rules, error) {
	var r Rules
	if err := yaml.UnmarshalWithOptions(body, &r, yaml.Strict()); err != nil {
		return Rules{}, err
	}
	seen := map[string]bool{}
	var errs []error
	for i, t := range r.Topics {
		switch {
		case !events.IsSlug(t.Slug):
			errs = append(errs, fmt.Errorf("topics[%d].slug: %q is not a slug", i, t.Slug))
		case seen[t.Slug]:
			errs = append(errs, fmt.Errorf("topics[%d].slug: %q twice", i, t.Slug))
		case t.Name == "":
			errs = append(errs, fmt.Errorf("%s.name: required", t.Slug))
		case !t.Class.Valid():
			errs = append(errs, fmt.Errorf("%s.class: %q is not alert, service or promotional", t.Slug, t.Class))
		case t.Days < 1 || t.Days > 366:
			errs = append(errs, fmt.Errorf("%s.days: %d is not between 1 and 366", t.Slug, t.Days))
		case len(t.Strong)+len(t.Words) == 0:
			errs = append(errs, fmt.Errorf("%s: no words", t.Slug))
		}
		seen[t.Slug] = true
	}
	if !seen[Fallback] {
		errs = append(errs, fmt.Errorf("topics: %s is required: it takes what no rule tells", Fallback))
	}
	return r, errors.Join(errs...)
}
