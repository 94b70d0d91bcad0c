package run_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crieur/crieur/events/run"
)

const hidden = "hunter2-correct-horse"

type config struct {
	Password run.Secret `json:"password"`
	inner    run.Secret
}

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	s := run.NewSecret(hidden)
	c := config{Password: s, inner: s}
	var b bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%t", "%30v", "% x"} {
		for _, v := range []any{s, &s, c, &c, []run.Secret{s}, map[string]run.Secret{"k": s}, map[run.Secret]int{s: 1}, struct{ a any }{s}, fmt.Errorf("dial: %v", s)} {
			fmt.Fprintf(&b, verb+"\n", v)
		}
	}
	for _, format := range []string{"text", "json"} {
		log, err := run.Logger(&b, format, "debug")
		if err != nil {
			t.Fatal(err)
		}
		log.With("with", s).WithGroup("g").Info("x", "secret", s, "pointer", &s, "config", c, "pc", &c,
			slog.Group("h", "s", s), "list", []run.Secret{s}, "password", hidden, "api_key", hidden,
			"url", &url.URL{Scheme: "https", Host: "h", User: url.UserPassword("u", hidden)})
	}
	slog.New(slog.NewTextHandler(&b, nil)).Info("plain handler", "secret", s, "config", c)
	for _, v := range []any{s, &s, c, map[string]any{"k": s}} {
		if err := json.NewEncoder(&b).Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	y, err := s.MarshalYAML()
	fmt.Fprintln(&b, y, err)

	hex := fmt.Sprintf("%x", hidden)
	for _, leak := range []string{hidden, hex, strings.ToUpper(hex), fmt.Sprintf("% x", hidden)} {
		for line := range strings.Lines(b.String()) {
			if strings.Contains(line, leak) {
				t.Errorf("printed: %s", line)
			}
		}
	}
	if n := strings.Count(b.String(), run.Redacted); n < 40 {
		t.Errorf("redacted %d times only:\n%s", n, b.String())
	}
	if s.Reveal() != hidden || !s.Equal(run.NewSecret(hidden)) || s.Equal(run.NewSecret("")) {
		t.Error("Reveal, Equal")
	}
}

func TestSecretIsReadFromJSON(t *testing.T) {
	t.Parallel()
	var c config
	if err := json.Unmarshal([]byte(`{"password":"`+hidden+`"}`), &c); err != nil || c.Password.Reveal() != hidden {
		t.Errorf("read: %v", err)
	}
	err := json.Unmarshal([]byte(`{"password":{"x":"`+hidden+`"}}`), &c)
	if err == nil || strings.Contains(err.Error(), hidden) {
		t.Errorf("error: %v", err)
	}
}

func TestLoadSecret(t *testing.T) {
	t.Setenv("RUN_TEST_SECRET", hidden)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct {
		name, value, file string
		want              string
		err               string
	}{
		{"nothing", "", "", "", ""},
		{"value", hidden, "", hidden, ""},
		{"environment", "${RUN_TEST_SECRET}", "", hidden, ""},
		{"not quite a reference", "x${RUN_TEST_SECRET}", "", "x${RUN_TEST_SECRET}", ""},
		{"no such variable", "${RUN_TEST_NOTHING}", "", "", "RUN_TEST_NOTHING is not set"},
		{"file", "", file("a", hidden+"\n"), hidden, ""},
		{"file of Windows", "", file("b", hidden+"\r\n"), hidden, ""},
		{"inner lines are kept", "", file("c", "a\nb\n"), "a\nb", ""},
		{"empty file", "", file("d", "\n"), "", "smtp.password_file: "},
		{"huge file", "", file("e", strings.Repeat("x", 1<<17)), "", "more than 65536 bytes"},
		{"no file", "", filepath.Join(dir, "none"), "", "smtp.password_file: open"},
		{"both", hidden, file("f", hidden), "", "given twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := run.LoadSecret("smtp.password", run.NewSecret(tt.value), tt.file)
			if got.Reveal() != tt.want {
				t.Errorf("got %d bytes, want %d", len(got.Reveal()), len(tt.want))
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if err != nil && strings.Contains(err.Error(), hidden) {
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}
}
