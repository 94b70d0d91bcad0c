package channel

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
)

// Secret is a password or token. Formatting or logging it shows nothing.
type Secret string

// String implements fmt.Stringer.
func (Secret) String() string { return "[secret]" }

// GoString implements fmt.GoStringer.
func (Secret) GoString() string { return "[secret]" }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// Reveal returns the secret itself, for the provider and nobody else.
func (s Secret) Reveal() string { return string(s) }

// ReadSecret returns the secret of a setting, which is named in one of two
// ways and never written out: <field>: ${NAME}, an environment variable, or
// <field>_file: a file whose last line end is left out. Empty when neither is
// given. Its errors name the place, never the content.
func ReadSecret(field, inline, file string) (Secret, error) {
	switch {
	case inline != "" && file != "":
		return "", fmt.Errorf("%s and %s_file: give one of them", field, field)
	case file != "":
		body, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("%s_file: %w", field, err)
		}
		text := strings.TrimRight(string(body), "\r\n")
		if text == "" {
			return "", fmt.Errorf("%s_file: %s is empty", field, file)
		}
		return Secret(text), nil
	case inline != "":
		name, ok := strings.CutPrefix(inline, "${")
		name, closed := strings.CutSuffix(name, "}")
		if !ok || !closed {
			return "", fmt.Errorf("%s: must be ${NAME} or %s_file, never the secret itself", field, field)
		}
		text := os.Getenv(name)
		if text == "" {
			return "", fmt.Errorf("%s: environment variable %s is not set", field, name)
		}
		return Secret(text), nil
	}
	return "", nil
}
