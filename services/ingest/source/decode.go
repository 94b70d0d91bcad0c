package source

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/crieur/crieur/events"
)

// Decode reads a connector's configuration strictly into config, which holds the
// defaults. name is what people call the document: a file, or "source x". An
// error is permanent and says name:line: what; it never quotes the document,
// which may hold a secret.
func Decode(name string, document []byte, config any) error {
	if len(bytes.TrimSpace(document)) == 0 {
		return nil
	}
	err := yaml.NewDecoder(bytes.NewReader(document), yaml.Strict()).Decode(config)
	if err == nil {
		return nil
	}
	where, what := name, "cannot be read"
	var located yaml.Error
	if errors.As(err, &located) {
		what = located.GetMessage()
		if token := located.GetToken(); token != nil && token.Position != nil {
			where = fmt.Sprintf("%s:%d", name, token.Position.Line)
		}
	}
	return events.Permanentf(events.ReasonInvalidConfig, "%s: %s", where, what)
}

// CheckURL returns a permanent error naming the field unless raw is an http or
// https address.
func CheckURL(field, raw string) error {
	u, err := url.Parse(raw)
	switch {
	case strings.TrimSpace(raw) == "":
		return events.Permanentf(events.ReasonInvalidConfig, "%s: required", field)
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return events.Permanentf(events.ReasonInvalidConfig, "%s: not an http or https address", field)
	}
	return nil
}
