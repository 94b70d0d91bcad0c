package openid

import (
	"cmp"
	"errors"
	"net/netip"
	"net/url"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/run"
)

// Config names an issuer, and who Crieur is to it.
type Config struct {
	Issuer           string     `json:"issuer"` // its address, as in its tokens; https unless it is on this machine
	ClientID         string     `json:"clientID"`
	ClientSecret     run.Secret `json:"client_secret"` // ${NAME}
	ClientSecretFile string     `json:"client_secret_file"`
	Name             string     `json:"name"` // on the button; default the issuer's host
	// ACRValues are the levels asked for, in order of preference (OpenID Connect
	// Core 1.0, 3.1.2.1).
	ACRValues []string `json:"acrValues"`
	// Scopes are asked for beside openid; default email, which is needed.
	Scopes []string `json:"scopes"`
	// VerifiesEmail is for an issuer whose addresses are all verified and that
	// does not say so of each by email_verified.
	VerifiesEmail bool `json:"verifiesEmail"`
}

// Validate names every wrong field by an events.FieldError. It reads no secret.
func (c Config) Validate() error {
	var errs []error
	that := func(ok bool, field, problem string) {
		if !ok {
			errs = append(errs, &events.FieldError{Stage: "oidc", Field: field, Problem: problem})
		}
	}
	u, err := url.Parse(c.Issuer)
	that(err == nil && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" && (u.Scheme == "https" || u.Scheme == "http" && loopback(u)),
		"issuer", "is not an https address")
	that(c.ClientID != "", "clientID", "required")
	reference := c.ClientSecret.Reveal()
	that(reference != "" || c.ClientSecretFile != "", "client_secret_file", "required, or client_secret as ${NAME}")
	that(reference == "" || strings.HasPrefix(reference, "${"), "client_secret", "holds a secret in clear: use client_secret_file or ${NAME}")
	return errors.Join(errs...)
}

func loopback(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

// setDefaults fills in what a valid configuration leaves out.
func (c *Config) setDefaults() {
	u, _ := url.Parse(c.Issuer) // it is valid
	c.Name = cmp.Or(c.Name, u.Hostname())
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"email"}
	}
}
