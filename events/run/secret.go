package run

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
)

// Redacted is what a Secret shows.
const Redacted = "[redacted]"

// Secret is a text that shows itself to nobody but the caller of Reveal: fmt
// with any verb, slog, JSON, YAML and text encoders get "[redacted]", and
// nothing when it is empty. The text is behind a pointer, so that even a
// struct that holds a Secret in an unexported field prints an address.
//
// Compare with Equal, not with ==.
type Secret struct{ text *string }

// NewSecret returns the secret of a text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal returns the text. Its result must not outlive the call it is for.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.text == nil }

// Equal compares two secrets in constant time for one length.
func (s Secret) Equal(o Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(o.Reveal())) == 1
}

// String implements fmt.Stringer.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return Redacted
}

// Format implements fmt.Formatter for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements encoding.TextMarshaler: JSON and YAML encoders use it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML implements the YAML encoder's interface.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// UnmarshalText reads the text as it is: LoadSecret resolves it.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}

// maxSecretBytes bounds a secret's file: a private key fits, a disk image does
// not.
const maxSecretBytes = 64 << 10

var environmentRe = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$`)

// LoadSecret returns the secret of a setting: the content of file, without the
// end of line that closes it, or value, which may be ${NAME} for an environment
// variable. At most one of them is given; none is an empty secret. name is the
// setting's, for errors, which never quote the secret.
func LoadSecret(name string, value Secret, file string) (Secret, error) {
	switch {
	case file != "" && !value.IsZero():
		return Secret{}, fmt.Errorf("%s: given twice: as a value and by %s_file", name, name)
	case file != "":
		return secretFile(name, file)
	}
	m := environmentRe.FindStringSubmatch(value.Reveal())
	if m == nil {
		return value, nil
	}
	text, ok := os.LookupEnv(m[1])
	if !ok || text == "" {
		return Secret{}, fmt.Errorf("%s: the environment variable %s is not set", name, m[1])
	}
	return NewSecret(text), nil
}

func secretFile(name, file string) (Secret, error) {
	f, err := os.Open(file)
	if err != nil {
		return Secret{}, fmt.Errorf("%s_file: %w", name, err)
	}
	body, err := io.ReadAll(io.LimitReader(f, maxSecretBytes+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return Secret{}, fmt.Errorf("%s_file: %w", name, err)
	}
	if len(body) > maxSecretBytes {
		return Secret{}, fmt.Errorf("%s_file: %s: more than %d bytes", name, file, maxSecretBytes)
	}
	body = bytes.TrimSuffix(bytes.TrimSuffix(body, []byte("\n")), []byte("\r"))
	if len(body) == 0 {
		return Secret{}, fmt.Errorf("%s_file: %s: is empty", name, file)
	}
	return NewSecret(string(body)), nil
}
