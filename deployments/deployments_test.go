package deployments_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/crieur/crieur/services/crieur/config"
	"github.com/crieur/crieur/services/crieur/program"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// Each configuration that is shipped is one that the program accepts.
func TestConfigurationsAreAccepted(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"commune/crieur.yaml", "systemd/crieur.yaml", "compose/crieur.yaml"} {
		if _, err := config.Read(name, nil); err != nil {
			t.Error(err)
		}
	}
	for _, doc := range documents(t, "kubernetes/crieur.yaml") {
		if data, ok := doc["data"].(map[string]any); ok {
			body, _ := data["crieur.yaml"].(string)
			if _, err := config.Parse("kubernetes/crieur.yaml", []byte(body), nil); err != nil {
				t.Error(err)
			}
		}
	}
}

func documents(t *testing.T, name string) []map[string]any {
	t.Helper()
	var out []map[string]any
	d := yaml.NewDecoder(bytes.NewReader(read(t, name)))
	for {
		var doc map[string]any
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, doc)
	}
}

// Every service is deployed, and nothing is that is not one.
func TestEveryServiceIsDeployed(t *testing.T) {
	t.Parallel()
	var compose struct {
		Services map[string]any `yaml:"services"`
	}
	if err := yaml.Unmarshal(read(t, "compose/compose.yaml"), &compose); err != nil {
		t.Fatal(err)
	}
	for _, name := range program.Services() {
		if _, ok := compose.Services[name]; !ok {
			t.Errorf("compose has no %s", name)
		}
	}
	var deployed []string
	for _, doc := range documents(t, "kubernetes/crieur.yaml") {
		if doc["kind"] == "Deployment" {
			meta, _ := doc["metadata"].(map[string]any)
			name, _ := meta["name"].(string)
			deployed = append(deployed, strings.TrimPrefix(name, "crieur-"))
		}
	}
	if !slices.Equal(deployed, program.Services()) {
		t.Errorf("kubernetes deploys %v, the program has %v", deployed, program.Services())
	}
}

func TestUnitRunsTheProgram(t *testing.T) {
	t.Parallel()
	unit := string(read(t, "systemd/crieur.service"))
	for _, want := range []string{"ExecStart=/usr/bin/crieur run --config /etc/crieur/crieur.yaml", "NoNewPrivileges=yes", "ProtectSystem=strict"} {
		if !strings.Contains(unit, want) {
			t.Errorf("the unit lacks %q", want)
		}
	}
	if m := regexp.MustCompile(`TimeoutStopSec=(\d+)s`).FindStringSubmatch(unit); m == nil || m[1] < "05" && len(m[1]) == 1 && m[1] < "5" {
		t.Error("the unit gives less time to stop than a stop takes")
	}
}
