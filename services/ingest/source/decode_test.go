package source_test

import (
	"strings"
	"testing"

	"github.com/crieur/crieur/services/ingest/source"
)

func TestDecodeNamesFileAndLineAndQuotesNothing(t *testing.T) {
	t.Parallel()
	var cfg struct {
		URL  string `yaml:"url"`
		Each int    `yaml:"each"`
	}
	for name, c := range map[string]struct{ document, want string }{
		"unknown key": {"url: https://a.example\nhost: s3cret\n", "example.yaml:2: "},
		"wrong type":  {"url: https://a.example\n\neach: s3cret\n", "example.yaml:3: "},
		"not YAML":    {"url: [s3cret\n", "example.yaml:1: "},
	} {
		t.Run(name, func(t *testing.T) {
			err := source.Decode("example.yaml", []byte(c.document), &cfg)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Fatalf("got %v, want it to begin with %q", err, c.want)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error quotes the document: %v", err)
			}
		})
	}
}
