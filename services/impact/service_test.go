package impact

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/impact/measure"
)

func TestPages(t *testing.T) {
	s := newSite(t)
	y := newStory(s.now, 900)
	var last string
	for n := range 10 {
		last = y.publish(n, time.Duration(n)*70*time.Hour/10+time.Hour)
	}
	s.tell(t, y)
	for _, c := range []struct {
		name, target string
		officer      bool
		status       int
		want, not    []string
	}{
		{"index", "/impact", false, 200, []string{"Saint-Aubin-des-Marais", "Mérignac", "18\u202f240"}, nil},
		{"visitor", "/impact/saint-aubin", false, 200, []string{"Personnes informées", "Télécharger en CSV", "Panneaux lumineux", "Connectez-vous", "Licence Ouverte", `<a href="/c/saint-aubin">`, " attendues"}, []string{`href="/console/saint-aubin"`, "Coût par personne", "f-stream", "Rue des Écluses"}},
		{"officer", "/impact/saint-aubin?period=30d", true, 200, []string{"Coût par personne", "Voirie et circulation", "Rue des Écluses", "Désabonnements", "Camille Dupuy", "SMS lents", `<a href="/console/saint-aubin">Console</a>`}, []string{"Connectez-vous"}},
		{"one stream", "/impact/saint-aubin?period=7d&stream=alertes&channel=sms", true, 200, []string{"Vigilance orange"}, []string{"Rue des Écluses"}},
		{"last day", "/impact/saint-aubin?period=24h", true, 200, []string{"Dernières 24 heures"}, nil},
		{"wrong dates", "/impact/saint-aubin?period=custom&from=2026-13-01", true, 422, []string{"Indiquez le premier jour"}, nil},
		{"injected stream", "/impact/saint-aubin?stream=x'%20OR%201", true, 422, []string{"Ce flux n’existe pas"}, nil},
		{"visitor may not filter", "/impact/saint-aubin?stream=x'", false, 200, []string{"Personnes informées"}, nil},
		{"nothing yet", "/impact/merignac", false, 200, []string{"Aucun envoi pendant cette période"}, nil},
		{"unknown authority", "/impact/nowhere", false, 404, nil, nil},
		{"publication", "/impact/saint-aubin/p/" + last, true, 200, []string{"Son chemin", "Approuvée", "Premier destinataire informé", "Panneaux lumineux"}, nil},
		{"publication for a visitor", "/impact/saint-aubin/p/" + last, false, 303, nil, nil},
		{"unknown publication", "/impact/saint-aubin/p/nothing", true, 404, nil, nil},
		{"another authority's publication", "/impact/merignac/p/" + last, true, 403, nil, nil},
		{"export of nothing", "/impact/saint-aubin/export/nothing.csv", true, 404, nil, nil},
		{"cost is for the authority", "/impact/saint-aubin/export/cost_per_informed.csv", false, 403, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.get(t, c.target, c.officer)
			body := w.Body.String()
			if w.Code != c.status {
				t.Fatalf("status %d, want %d", w.Code, c.status)
			}
			for _, text := range c.want {
				if !strings.Contains(body, text) {
					t.Errorf("lacks %q", text)
				}
			}
			for _, text := range c.not {
				if strings.Contains(body, text) {
					t.Errorf("has %q", text)
				}
			}
		})
	}
	t.Run("live", func(t *testing.T) {
		page := s.get(t, "/impact/saint-aubin?live=1", true).Body.String()
		if !strings.Contains(page, `hx-trigger="every 5s"`) || !strings.Contains(page, "Arrêter le direct") {
			t.Error("the figures cannot be followed, or not be stopped")
		}
		part := s.get(t, "/impact/saint-aubin?live=1", true, "HX-Request", "true").Body.String()
		if strings.Contains(part, "<!doctype") || !strings.Contains(part, `id="board"`) {
			t.Error("htmx is not given the board alone")
		}
	})
	t.Run("exports", func(t *testing.T) { checkExports(t, s) })
}

// TestAWithdrawalInformsNobody: who was told twice counts once, and each
// version has its own table.
func TestAWithdrawalInformsNobody(t *testing.T) {
	s := newSite(t)
	y := newStory(s.now, 300)
	id := y.publish(1, time.Hour)
	y.withdraw()
	s.tell(t, y)
	var informed uint64
	err := s.svc.conn.QueryRow(t.Context(), `SELECT uniqExactIf(subscriber, channel = 'sms' AND status = 'delivered') + uniqExactIf(subscriber, channel = 'courriel' AND status = 'sent')
		FROM receipts WHERE revision = 1`).Scan(&informed)
	if err != nil || informed < 200 {
		t.Fatalf("%d informed: %v", informed, err)
	}
	page := s.get(t, "/impact/saint-aubin/p/"+id, true).Body.String()
	for _, want := range []string{
		"Annulé", fmt.Sprintf("<dt>Personnes informées, sur tous les canaux</dt><dd>%d</dd>", informed), "Annulation\u00a0: accusés", "Version 1\u00a0: accusés", "<dd>Risques et sécurité",
		`<th scope="row" role="rowheader">Courriel</th><td role="cell" data-label="Envoyés" class="numeric">`, `data-label="Remis" class="numeric">–</td>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("lacks %q", want)
		}
	}
	if sent, told := strings.Index(page, "Premier envoi accepté"), strings.Index(page, "Premier destinataire informé"); sent < 0 || told < sent {
		t.Error("the path is out of order")
	}
	if list := s.get(t, "/impact/saint-aubin", true).Body.String(); !strings.Contains(list, "Annulé") || !strings.Contains(list, fmt.Sprintf(">%d</td>", informed)) {
		t.Error("the list counts the withdrawal, or does not tell it")
	}
}

// checkExports reads the files back and compares them with a direct
// computation over the raw rows.
func checkExports(t *testing.T, s *site) {
	w := s.get(t, "/impact/saint-aubin/export/indicators.csv?period=30d", true)
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv") || !strings.Contains(w.Header().Get("Link"), "license") {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	rows, err := csv.NewReader(w.Body).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		seen[row[5]] = true
	}
	for _, id := range measure.IDs() {
		if !seen[string(id)] {
			t.Errorf("the CSV lacks %s", id)
		}
	}
	var e measure.Export
	if err := json.Unmarshal(s.get(t, "/impact/saint-aubin/export/reach.json?period=30d", true).Body.Bytes(), &e); err != nil {
		t.Fatal(err)
	}
	var targeted, informed float64
	err = s.svc.conn.QueryRow(t.Context(), `SELECT toFloat64(uniqExactIf((subscriber, publication), status != 'opted_out')), toFloat64(uniqExactIf((subscriber, publication), informed))
		FROM receipts WHERE subscriber != 0`).Scan(&targeted, &informed)
	if err != nil {
		t.Fatal(err)
	}
	total, ok := e.Indicators[0].Total()
	if !ok || total.Numerator == nil || !near(*total.Numerator, informed) || !near(*total.Denominator, targeted) {
		t.Errorf("reach %v of %v, want %v of %v", *total.Numerator, *total.Denominator, informed, targeted)
	}
	if e.Version != measure.Version || e.Licence == "" {
		t.Errorf("export %+v", e)
	}
}

// near allows what the estimate promises: 0.3 % (three of its deviations here).
func near(got, want float64) bool { return got > want*0.99 && got < want*1.01 }

// TestClickHouseAway: the service says so, loses nothing, and comes back.
func TestClickHouseAway(t *testing.T) {
	s := newSite(t)
	y := newStory(s.now, 30)
	y.publish(0, time.Hour)
	pid := s.engine.Health().PID
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.tell(t, y)
	eventstest.Eventually(t, func() bool { return s.svc.Ready() == nil }, patience, "ready again")
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := hmacKey(Config{HMACKeyFile: short}); err == nil || !strings.Contains(err.Error(), "hmac_key_file") {
		t.Errorf("a short key: %v", err)
	}
	if _, err := hmacKey(Config{}); err == nil {
		t.Error("no key is taken")
	}
	dir := filepath.Join(t.TempDir(), "keys")
	a, err := hmacKey(Config{KeysDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := hmacKey(Config{KeysDir: dir}); err != nil || string(a) != string(b) || len(a) != keyBytes {
		t.Errorf("the key changes: %v", err)
	}
}

// TestScreenshots draws the pages with Chromium, for people to look at:
// CRIEUR_SCREENSHOTS names the folder.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("CRIEUR_SCREENSHOTS")
	if dir == "" {
		t.Skip("CRIEUR_SCREENSHOTS is not set")
	}
	s := newSite(t)
	y := newStory(s.now, 4200)
	last := ""
	for n := range 14 {
		last = y.publish(n, time.Duration(n)*40*time.Hour+30*time.Minute)
	}
	s.tell(t, y)
	officer := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if officer {
			r.Header.Set("Cookie", s.cookie)
		}
		s.handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	for _, c := range []struct {
		name, path string
		officer    bool
	}{
		{"officer", "/impact/saint-aubin?period=30d", true},
		{"day", "/impact/saint-aubin?period=24h", true},
		{"public", "/impact/saint-aubin", false},
		{"index", "/impact", false},
		{"publication", "/impact/saint-aubin/p/" + last, true},
	} {
		officer = c.officer
		for _, size := range []string{"1280,4200", "390,2600"} {
			width, _, _ := strings.Cut(size, ",")
			out, err := exec.CommandContext(t.Context(), "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--accept-lang=fr", //nolint:gosec // a test's own
				"--window-size="+size, "--screenshot="+filepath.Join(dir, c.name+"-"+width+".png"), server.URL+c.path).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
	}
}
