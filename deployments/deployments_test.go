package deployments_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
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

// An example that is commented out is right, too.
func TestTheExampleOfAnIssuerIsRight(t *testing.T) {
	t.Parallel()
	const file = "systemd/crieur.yaml"
	_, example, found := strings.Cut(string(read(t, file)), "\n# curator:\n")
	cfg, err := config.Parse(file, []byte("curator:\n"+strings.ReplaceAll("\n"+example, "\n# ", "\n")), nil)
	if err != nil || !found || cfg.Curator.OIDC.Name != "ProConnect" {
		t.Errorf("%t, %v", found, err)
	}
}

// A key that goes with its pod takes every contact with it.
func TestNoKeyGoesWithItsPod(t *testing.T) {
	t.Parallel()
	const file = "kubernetes/crieur.yaml"
	var cfg *config.Config
	keys := 0
	for _, doc := range documents(t, file) {
		if data, ok := doc["data"].(map[string]any); ok {
			body, _ := data["crieur.yaml"].(string)
			var err error
			if cfg, err = config.Parse(file, []byte(body), nil); err != nil {
				t.Fatal(err)
			}
		}
		if doc["kind"] != "Deployment" {
			continue
		}
		var d deployment
		if body, err := yaml.Marshal(doc); err != nil {
			t.Fatal(err)
		} else if err := yaml.Unmarshal(body, &d); err != nil {
			t.Fatal(err)
		}
		paths := []string{filepath.Join(cfg.Data, "keys")}
		switch d.Metadata.Name {
		case "crieur-audience":
			paths = append(paths, cfg.Audience.MasterKeyFile, cfg.Audience.SealKeyFile)
		case "crieur-ingest":
			paths = append(paths, filepath.Join(cfg.Data, "secrets"))
		}
		for _, path := range paths {
			keys++
			if !d.secret(path) {
				t.Errorf("%s: %q is not in a Secret", d.Metadata.Name, path)
			}
		}
	}
	if keys < 9 {
		t.Errorf("%d keys were looked at", keys)
	}
}

// deployment is what is read of a Kubernetes Deployment.
type deployment struct {
	Metadata struct{ Name string }
	Spec     struct {
		Template struct {
			Spec struct {
				Containers []struct {
					VolumeMounts []struct {
						Name      string
						MountPath string `yaml:"mountPath"`
					} `yaml:"volumeMounts"`
				}
				Volumes []struct {
					Name   string
					Secret map[string]any
				}
			}
		}
	}
}

// secret tells whether a path is on a volume made of a Secret.
func (d deployment) secret(path string) bool {
	pod := d.Spec.Template.Spec
	volume, longest := "", 0
	for _, c := range pod.Containers {
		for _, m := range c.VolumeMounts {
			if (path == m.MountPath || strings.HasPrefix(path, m.MountPath+"/")) && len(m.MountPath) > longest {
				volume, longest = m.Name, len(m.MountPath)
			}
		}
	}
	for _, v := range pod.Volumes {
		if v.Name == volume {
			return v.Secret != nil
		}
	}
	return false
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
