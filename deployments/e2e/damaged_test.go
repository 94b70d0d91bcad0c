package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestDamagedClickHouseStopsNothingElse: figures are missing, and messages go
// out.
func TestDamagedClickHouseStopsNothingElse(t *testing.T) {
	in := install(t, `
authorities:
  - {id: ville, name: Ville, kind: municipality, insee: ["81004"]}
sources:
  - {authority: ville, id: guichet, name: Guichet, kind: webhook, trust: state, settings: {secret_file: guichet.secret}}
channels:
  - {authority: ville, id: fil, name: Fil, kind: feed}
streams:
  - {authority: ville, id: infos, name: Infos, policy: automatic, public: true, rule: {classes: [service]}, channels: [fil]}
`)
	in.counterSecret()
	in.start()
	in.stop()
	tables, err := filepath.Glob(filepath.Join(in.data(), "clickhouse", "store", "*", "*", "*.sql"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("no tables to damage: %v", err)
	}
	for _, file := range tables {
		if err := os.WriteFile(file, []byte("ATTACH TABL"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in.spawn()
	until(t, 60*time.Second, func() bool {
		resp, err := http.Get("http://" + in.listen + "/c/ville")
		if err != nil {
			return false
		}
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	})
	in.post("guichet", benchSecret, item("eau", "Coupure d'eau rue Neuve"))
	in.shows("/feeds/ville/infos.atom", "Coupure d")
	in.shows("/readyz", "restarting: child")
	in.stop()
}
