package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
)

// check collects every wrong field of an entity as events.FieldError values,
// joined.
type check struct {
	entity string
	errs   []error
}

func (c *check) that(ok bool, field, problem string, args ...any) {
	if !ok {
		c.errs = append(c.errs, &events.FieldError{Stage: c.entity, Field: field, Problem: fmt.Sprintf(problem, args...)})
	}
}

func (c *check) err() error { return errors.Join(c.errs...) }

func (c *check) slug(field, value string) {
	c.that(events.IsSlug(value), field, "%q is not a slug (a-z, 0-9, - and _; 1 to 64)", value)
}

func (c *check) slugs(field string, values []string) {
	for i, v := range values {
		c.slug(index(field, i), v)
	}
	c.unique(field, values)
}

func (c *check) unique(field string, values []string) {
	seen := map[string]bool{}
	for i, v := range values {
		c.that(!seen[v], index(field, i), "%q is given twice", v)
		seen[v] = true
	}
}

// name is a line of text that people read.
func (c *check) name(field, value string) {
	c.that(strings.TrimSpace(value) != "", field, "required")
	c.line(field, value)
}

func (c *check) line(field, value string) {
	c.that(len(value) <= 400, field, "%d bytes, 400 allowed", len(value))
	c.that(!strings.ContainsAny(value, "\r\n\x00"), field, "must be one line")
}

func (c *check) classes(field string, values []events.Class) {
	for i, v := range values {
		c.that(v.Valid(), index(field, i), "%q is not alert, service or promotional", v)
	}
}

func (c *check) language(field, value string) {
	c.that(languageRe.MatchString(value), field, "%q is not a BCP 47 language such as fr, br or pt-BR", value)
}

var languageRe = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

func (c *check) timeZone(field, value string) {
	_, err := time.LoadLocation(value)
	c.that(err == nil && value != "" && value != "Local", field, "%q is not an IANA time zone such as Europe/Paris", value)
}

// web is an absolute http or https address, when there is one.
func (c *check) web(field, value string) {
	if value == "" {
		return
	}
	u := c.url(field, value)
	c.that(u == nil || u.Scheme == "http" || u.Scheme == "https", field, "must begin with http:// or https://")
}

// url is an absolute address without a password. It returns nil when it is
// wrong, and never quotes it: it may hold a secret.
func (c *check) url(field, value string) *url.URL {
	u, err := url.Parse(value)
	if err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" && u.Path == "" {
		c.that(false, field, "is not an absolute address such as https://…")
		return nil
	}
	_, password := u.User.Password()
	c.that(!password, field, "holds a password: put it in a file and name the file in the settings")
	return u
}

var areaRe = regexp.MustCompile(`^(\d{5}|2[AB]\d{3}|\d{2,3}|2[AB])$`)

// areas are INSEE codes of communes, départements or regions, or sector slugs
// of the authority.
func (c *check) areas(field string, values []string) {
	for i, v := range values {
		c.that(areaRe.MatchString(v) || events.IsSlug(v), index(field, i), "%q is neither an INSEE code nor a sector's slug", v)
	}
	c.unique(field, values)
}

// settings is a JSON object without a secret in clear.
func (c *check) settings(field string, raw json.RawMessage) {
	if len(raw) == 0 {
		return
	}
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil {
		c.that(false, field, "is not a JSON object")
		return
	}
	c.noSecret(field, object)
}

var secretRe = regexp.MustCompile(`(?i)(^|[-_.]|[a-z])(password|passwd|passphrase|secret|token|credentials?|authorization|api[-_]?key|private[-_]?key|access[-_]?key|signing[-_]?key)$`)

// environmentRe is a reference to an environment variable, as run.LoadSecret
// reads it.
var environmentRe = regexp.MustCompile(`^\$\{[A-Za-z_][A-Za-z0-9_]*\}$`)

func (c *check) noSecret(field string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			at := field + "." + k
			if s, ok := v[k].(string); ok && s != "" && secretRe.MatchString(k) {
				c.that(environmentRe.MatchString(s), at, "holds a secret in clear: use %s_file or ${NAME}", k)
				continue
			}
			c.noSecret(at, v[k])
		}
	case []any:
		for i, e := range v {
			c.noSecret(index(field, i), e)
		}
	case string:
		if strings.Contains(v, "://") {
			u, err := url.Parse(v)
			if err == nil {
				_, password := u.User.Password()
				c.that(!password, field, "holds a password in clear")
			}
		}
	}
}

func index(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }
