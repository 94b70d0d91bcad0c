package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	metricName  = regexp.MustCompile(`crieur_[a-z_]+`)
	metricLabel = regexp.MustCompile(`by \(([a-z, ]+)\)`)
)

// A panel that asks for a metric or a label that is not there stays empty, and
// an operator takes it for calm.
func TestDashboardAsksForMetricsThatExist(t *testing.T) {
	body, err := os.ReadFile(filepath.Join(repository(), "deployments", "grafana", "crieur.json"))
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(body, &dashboard); err != nil {
		t.Fatal(err)
	}
	in := install(t, "")
	in.start()
	metrics := ""
	until(t, settleAfter, func() bool { // the lag is told once it is known
		metrics = in.body("/metrics")
		return strings.Contains(metrics, "crieur_impact_lag_messages{")
	})
	asked := 0
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			for _, name := range metricName.FindAllString(target.Expr, -1) {
				asked++
				base := strings.TrimSuffix(name, "_bucket")
				if !strings.Contains(metrics, "# TYPE "+base+" ") {
					t.Errorf("panel %q: no metric %s", panel.Title, name)
					continue
				}
				for _, group := range metricLabel.FindAllStringSubmatch(target.Expr, -1) {
					for label := range strings.SplitSeq(group[1], ", ") {
						if !regexp.MustCompile(`(?m)^` + name + `\{[^}]*\b` + label + `="`).MatchString(metrics) {
							t.Errorf("panel %q: %s has no label %s", panel.Title, name, label)
						}
					}
				}
			}
		}
	}
	if asked < 20 {
		t.Errorf("only %d metrics asked for", asked)
	}
	in.stop()
}
