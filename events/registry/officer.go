package registry

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"maps"
	"net/mail"
	"slices"
	"strings"
	"time"
)

// Role is what an officer may do for an authority.
type Role string

// The roles.
const (
	Contributor   Role = "contributor"   // writes, never publishes
	OfficerRole   Role = "officer"       // reviews, edits and publishes service information
	Approver      Role = "approver"      // approves alerts, as one of two
	Analyst       Role = "analyst"       // reads the dashboards
	Administrator Role = "administrator" // sets the authority up, invites officers
)

// Roles returns the roles, in the order of the constants.
func Roles() []Role { return []Role{Contributor, OfficerRole, Approver, Analyst, Administrator} }

// Officer is a person who works in the console. The key is {ID}. It prints as
// its ID only.
type Officer struct {
	ID    string            `json:"id"` // slug, the same for ever: audit entries name it
	Name  string            `json:"name"`
	Email string            `json:"email"`           // lower case; what signs in
	Roles map[string][]Role `json:"roles,omitempty"` // by authority ID
	// Issuer and Subject are the OIDC identity (iss, sub), when one is bound.
	Issuer  string `json:"issuer,omitempty"`
	Subject string `json:"subject,omitempty"`
	// PasswordHash is an argon2id hash in PHC form, of a local account.
	PasswordHash string `json:"passwordHash,omitempty"`
	// TOTPSealed is the RFC 6238 secret, sealed by the console's master key.
	TOTPSealed []byte    `json:"totpSealed,omitempty"`
	TOTPLast   int64     `json:"totpLast,omitempty"` // last time step used: a code is good once
	Passkeys   []Passkey `json:"passkeys,omitempty"`
	Language   string    `json:"language,omitempty"`
	InvitedAt  time.Time `json:"invitedAt,omitzero"`
	LastSeen   time.Time `json:"lastSeen,omitzero"`
	Disabled   bool      `json:"disabled,omitempty"` // everywhere
	// Suspended are the authorities where the roles are set aside.
	Suspended []string `json:"suspended,omitempty"`
	// Links are what administrators gave out, by their authority's ID.
	Links map[string]Link `json:"links,omitempty"`
}

// Link lets somebody join an authority, or choose another password. It is good
// once: who uses it takes it away.
type Link struct {
	TokenHash string    `json:"tokenHash"` // SHA-256 of its token, in hexadecimal
	Expires   time.Time `json:"expires"`
	// Roles are what an invitation gives; without, the link is for another
	// password. Name is who is invited, as it was typed: the name of an account
	// that there was already is not for who types its address.
	Roles []Role `json:"roles,omitempty"`
	Name  string `json:"name,omitempty"`
	// RemovesSecondFactor is for who has lost it.
	RemovesSecondFactor bool `json:"removesSecondFactor,omitempty"`
}

// Opens reports, in constant time, whether token is the link's, and not too
// late.
func (l Link) Opens(token string, now time.Time) bool {
	return subtle.ConstantTimeCompare([]byte(hashToken(token)), []byte(l.TokenHash)) == 1 && now.Before(l.Expires)
}

// Passkey is a WebAuthn credential: its public half.
type Passkey struct {
	ID        []byte    `json:"id"`
	PublicKey []byte    `json:"publicKey"` // COSE
	SignCount uint32    `json:"signCount"`
	Name      string    `json:"name"`
	AddedAt   time.Time `json:"addedAt"`
}

// Key implements the repository's key: {ID}.
func (o Officer) Key() Key { return Key{o.ID} }

// SetDefaults puts the address in lower case, as it is looked up.
func (o *Officer) SetDefaults() { o.Email = strings.ToLower(strings.TrimSpace(o.Email)) }

// Has reports whether the officer has one of the roles for the authority.
func (o Officer) Has(authority string, roles ...Role) bool {
	if o.Disabled || slices.Contains(o.Suspended, authority) {
		return false
	}
	for _, r := range o.Roles[authority] {
		if slices.Contains(roles, r) {
			return true
		}
	}
	return false
}

// IssueLink puts a link in the place of the one that the officer had from the
// authority, and returns its token, of 130 bits: it is shown once, only its hash
// is kept.
func (o *Officer) IssueLink(authority string, l Link) string {
	token := rand.Text()
	l.TokenHash = hashToken(token)
	if o.Links == nil {
		o.Links = map[string]Link{}
	}
	o.Links[authority] = l
	return token
}

// DropPasswordLinks takes back the links for another password. One given by an
// authority must not open what the account may do since for others.
func (o *Officer) DropPasswordLinks() {
	maps.DeleteFunc(o.Links, func(_ string, l Link) bool { return len(l.Roles) == 0 })
}

// SecondFactor reports whether the officer has a TOTP or a passkey, which
// approvers and administrators need.
func (o Officer) SecondFactor() bool { return len(o.TOTPSealed) > 0 || len(o.Passkeys) > 0 }

// Format implements fmt.Formatter: an officer prints as its ID, whatever the
// verb.
func (o Officer) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("officer " + o.ID)) }

// LogValue implements slog.LogValuer.
func (o Officer) LogValue() slog.Value { return slog.StringValue(o.ID) }

// Validate names every wrong field, and quotes neither the address nor a hash.
func (o Officer) Validate() error {
	c := check{entity: "officer"}
	c.slug("id", o.ID)
	c.name("name", o.Name)
	address, err := mail.ParseAddress(o.Email)
	c.that(err == nil && address.Address == o.Email, "email", "is not an e-mail address alone")
	for _, authority := range slices.Sorted(maps.Keys(o.Roles)) {
		field := "roles." + authority
		c.slug(field, authority)
		for i, r := range o.Roles[authority] {
			c.that(slices.Contains(Roles(), r), index(field, i), "%q is not one of %v", r, Roles())
		}
	}
	for i, authority := range o.Suspended {
		c.slug(index("suspended", i), authority)
	}
	for _, authority := range slices.Sorted(maps.Keys(o.Links)) {
		field := "links." + authority
		c.slug(field, authority)
		c.tokenHash(field+".tokenHash", o.Links[authority].TokenHash)
		for i, r := range o.Links[authority].Roles {
			c.that(slices.Contains(Roles(), r), index(field+".roles", i), "%q is not one of %v", r, Roles())
		}
	}
	c.that((o.Issuer == "") == (o.Subject == ""), "subject", "issuer and subject go together")
	c.web("issuer", o.Issuer)
	c.that(o.PasswordHash == "" || strings.HasPrefix(o.PasswordHash, "$argon2id$"), "passwordHash", "is not an argon2id hash in PHC form")
	if o.Language != "" {
		c.language("language", o.Language)
	}
	return c.err()
}
