package feed_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/speech"
)

func TestAPathWithoutAFormatIsForPeople(t *testing.T) {
	t.Parallel()
	tw := newTown(t, nil)
	for path, want := range map[string]string{"": "/", "pessac": "/c/pessac/flux"} {
		if w := tw.get("/feeds/" + path); w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
			t.Errorf("/feeds/%s: %d %q, want %q", path, w.Code, w.Header().Get("Location"), want)
		}
	}
}

func TestFeedsByAuthorityStreamTopicAndArea(t *testing.T) {
	t.Parallel()
	tw := newTown(t, nil)
	for _, p := range []struct{ title, stream, topic, area string }{
		{"Eau", "voirie", "eau", ""},
		{"Route", "voirie", "travaux-circulation", "33318"},
		{"Concert", "culture", "culture", "33063"},
		{"Secret", "interne", "culture", ""},
	} {
		tw.publish(func(out *events.Publication) {
			out.Message, out.Content.Title, out.Stream, out.Topic = p.title, p.title, p.stream, p.topic
			out.Content.Text, out.Content.Summary, out.Content.Instruction = "-", "-", ""
			if p.area != "" {
				out.Areas = []events.Area{{INSEE: []string{p.area}}}
			}
		})
	}
	for path, want := range map[string]string{
		"pessac":                   "Eau Route Concert",
		"pessac/voirie":            "Eau Route",
		"pessac/topic/culture":     "Concert",
		"pessac/topic/eau":         "Eau",
		"pessac/area/33318":        "Eau Route",
		"pessac/area/33063":        "Eau Concert",
		"pessac/topic/sport":       "",
		"pessac/area/centre-bourg": "Eau",
	} {
		for _, format := range []string{"rss", "atom", "json", "ics"} {
			url := "/feeds/" + path + "." + format
			if w := tw.get(url); w.Code != http.StatusOK {
				t.Errorf("%s: %d %s", url, w.Code, w.Body)
			}
			if got := tw.titles(url, "Eau", "Route", "Concert", "Secret"); got != want {
				t.Errorf("%s holds %q, want %q", url, got, want)
			}
		}
	}
	for _, path := range []string{
		"bordeaux.rss", "pessac.html", "pessac/interne.rss", "pessac/none.rss", "pessac/topic/A.rss", "pessac/cap/x.xml",
		"pessac/cap/x.1.xml", "pessac/cap/x.99999999.xml", ".rss", "pessac/a/b/c.rss",
	} {
		if w := tw.get("/feeds/" + path); w.Code != http.StatusNotFound {
			t.Errorf("/feeds/%s: %d", path, w.Code)
		}
	}
}

func TestCodingsAndConditions(t *testing.T) {
	t.Parallel()
	tw := newTown(t, nil)
	tw.publish(func(*events.Publication) {})
	plain, packed := tw.get("/feeds/pessac.rss"), tw.get("/feeds/pessac.rss", "Accept-Encoding", "br, gzip;q=0.8")
	z, err := gzip.NewReader(packed.Body)
	if err != nil || packed.Header().Get("Content-Encoding") != "gzip" {
		t.Fatal(packed.Header(), err)
	}
	if body, err := io.ReadAll(z); err != nil || string(body) != plain.Body.String() {
		t.Errorf("the gzip is of %q: %v", body, err)
	}
	if plain.Header().Get("ETag") == packed.Header().Get("ETag") {
		t.Error("two codings have one ETag")
	}
	if link := plain.Header().Get("Link"); link != "<"+tw.server.URL+`/feeds/hub>; rel="hub", <`+tw.server.URL+`/feeds/pessac.rss>; rel="self"` {
		t.Error(link)
	}
	for name, c := range map[string]struct {
		header, value string
		want          int
	}{
		"its ETag":        {"If-None-Match", plain.Header().Get("ETag"), 304},
		"the other ETag":  {"If-None-Match", `"x", W/` + packed.Header().Get("ETag"), 304},
		"another ETag":    {"If-None-Match", `"x"`, 200},
		"its date":        {"If-Modified-Since", plain.Header().Get("Last-Modified"), 304},
		"an earlier date": {"If-Modified-Since", "Mon, 01 Jan 2024 00:00:00 GMT", 200},
		"no gzip":         {"Accept-Encoding", "gzip;q=0, deflate", 200},
	} {
		w := tw.get("/feeds/pessac.rss", c.header, c.value)
		if w.Code != c.want || w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
}

func TestExpiryAndWithdrawalRemove(t *testing.T) {
	t.Parallel()
	tw := newTown(t, nil)
	tw.publish(func(p *events.Publication) {
		p.Message, p.Content.Title, p.Expires = "short", "Brève", time.Now().Add(700*time.Millisecond)
	})
	p := tw.publish(func(p *events.Publication) { p.Message, p.Content.Title = "long", "Longue" })
	for _, format := range []string{"rss", "atom", "json", "ics"} {
		if got := tw.titles("/feeds/pessac."+format, "Brève", "Longue"); got != "Brève Longue" {
			t.Errorf("%s: %q", format, got)
		}
	}
	p.Revision, p.MsgType = 2, events.MsgCancel
	tw.deliver(p)
	for _, format := range []string{"rss", "atom", "json", "ics"} {
		eventstest.Eventually(t, func() bool { return tw.titles("/feeds/pessac."+format, "Brève", "Longue") == "" }, 20*time.Second, format)
	}
}

func TestCalendarIsReadByICAL(t *testing.T) {
	t.Parallel()
	peer(t, "testdata/peer/node_modules/ical.js")
	tw := newTown(t, nil)
	at := func(s string) *time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return &v
	}
	long := strings.Repeat("Très longue ligne; avec, des signes \\ et 🎉. ", 9)
	for _, e := range []struct {
		title      string
		start, end *time.Time
	}{
		{"été", at("2026-07-14T20:00:00Z"), at("2026-07-14T22:30:00Z")},
		{"hiver", at("2026-12-24T18:00:00+01:00"), nil},
		{"jour", at("2026-05-03T22:00:00Z"), nil},
		{"fin de semaine", at("2026-10-23T22:00:00Z"), at("2026-10-25T22:59:00Z")}, // the clocks change in it
		{"échéance", nil, at("2026-09-30T22:00:00Z")},
		{"sans date", nil, nil},
	} {
		tw.publish(func(p *events.Publication) {
			p.Message, p.Content.Title, p.Onset, p.Ends, p.Content.Text, p.Content.Instruction = e.title, e.title, e.start, e.end, long+"\n\nFin.", ""
		})
	}
	doc := tw.get("/feeds/pessac.ics").Body.String()
	for line := range strings.SplitSeq(doc, "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("line of %d bytes: %q", len(line), line)
		}
	}
	cmd := exec.Command("node", "calendar.mjs")
	cmd.Dir, cmd.Stdin, cmd.Stderr = "testdata/peer", strings.NewReader(doc), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	var read struct {
		Name   string
		Events []struct {
			Title, Text, Place, Start, End, Zone, UID string
			Sequence                                  int
		}
	}
	if err := json.Unmarshal(out, &read); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range read.Events {
		got[e.Title] = e.Start + " " + e.End
		if e.Text != strings.TrimSpace(long+"\n\nFin.") || e.Place != "Rue du Cœur" || !strings.HasPrefix(e.UID, "tag:") {
			t.Errorf("%+v", e)
		}
	}
	want := map[string]string{
		"été":            "2026-07-14T20:00:00.000Z 2026-07-14T22:30:00.000Z",
		"hiver":          "2026-12-24T17:00:00.000Z 2026-12-24T17:00:00.000Z",
		"jour":           "2026-05-04 2026-05-05",
		"fin de semaine": "2026-10-24 2026-10-26",
		"échéance":       "2026-09-30 2026-10-01",
	}
	if len(got) != len(want) || read.Name != "Pessac" {
		t.Errorf("%q has %v", read.Name, got)
	}
	for title, when := range want {
		if got[title] != when {
			t.Errorf("%s: %s, want %s", title, got[title], when)
		}
	}
}

func TestNewsboatReads(t *testing.T) {
	t.Parallel()
	newsboat, err := exec.LookPath("newsboat")
	if err != nil {
		missing(t, "newsboat is missing: apt-get install newsboat")
	}
	tw := newTown(t, nil)
	for _, title := range []string{"Coupure d’eau & travaux", "Fête <foraine>"} {
		tw.publish(func(p *events.Publication) { p.Message, p.Content.Title = title, title })
	}
	for _, format := range []string{"rss", "atom"} {
		dir := t.TempDir()
		for name, text := range map[string]string{"urls": tw.server.URL + "/feeds/pessac." + format + "\n", "config": "error-log " + dir + "/errors\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command(newsboat, "-u", dir+"/urls", "-c", dir+"/cache.db", "-C", dir+"/config", "-x", "reload", "print-unread")
		cmd.Env = append(os.Environ(), "HOME="+dir, "LC_ALL=C.UTF-8")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "2 unread articles") {
			t.Errorf("%s: %v %s", format, err, out)
		}
		stored, err := os.ReadFile(dir + "/cache.db")
		for _, want := range []string{"Coupure d’eau & travaux", "Fête <foraine>", "/p/abcdefghijkl"} {
			if err != nil || !strings.Contains(string(stored), want) {
				t.Errorf("%s: newsboat has no %q: %v", format, want, err)
			}
		}
	}
}

// missing skips the test, or fails it where everything must be installed.
func missing(t *testing.T, text string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(text)
	}
	t.Skip(text)
}

func peer(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		missing(t, "the peer is not installed: cd services/publisher/channel/feed/testdata/peer && npm ci")
	}
}

// A feed by language says each entry in it where it is said in it, and names
// the others.
func TestFeedsByLanguage(t *testing.T) {
	t.Parallel()
	tw := newTown(t, nil)
	tw.publish(func(p *events.Publication) {
		p.Message, p.Content.Title = "a", "Route barrée"
		p.Variants = []events.Content{{Language: "en", Title: "Road closed", Text: "Until noon."}, {Language: "fr-simple", Title: "La route est fermée"}}
	})
	tw.publish(func(p *events.Publication) { p.Message, p.Content.Title = "b", "Concert ce soir" })
	all := []string{"Route barrée", "Road closed", "La route est fermée", "Concert ce soir"}
	for path, want := range map[string]string{
		"pessac":               "Route barrée Concert ce soir",
		"pessac.fr":            "Route barrée Concert ce soir",
		"pessac.en":            "Road closed Concert ce soir",
		"pessac/voirie.en":     "Road closed Concert ce soir",
		"pessac/area/33318.en": "Road closed Concert ce soir",
		"pessac.fr-simple":     "La route est fermée Concert ce soir",
	} {
		for _, format := range []string{"rss", "atom", "json", "ics"} {
			if got := tw.titles("/feeds/"+path+"."+format, all...); got != want {
				t.Errorf("%s.%s holds %q, want %q", path, format, got, want)
			}
		}
	}
	for _, path := range []string{"pessac.de.rss", "pessac..rss", "pessac.en.en.rss", "pessac.en/voirie.rss", "pessac.de-simple.rss"} {
		if w := tw.get("/feeds/" + path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	atom := tw.get("/feeds/pessac/voirie.en.atom").Body.String()
	for _, part := range []string{
		`<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">`, `<entry xml:lang="en">`, `<entry xml:lang="fr">`,
		`hreflang="fr-simple" href="` + tw.server.URL + `/feeds/pessac/voirie.fr-simple.atom"`, `hreflang="fr" href=`,
	} {
		if !strings.Contains(atom, part) {
			t.Errorf("no %s in\n%s", part, atom)
		}
	}
	if strings.Contains(atom, `hreflang="en"`) {
		t.Error("the feed names itself as another language")
	}
}

// Each format names the audio of an entry, in the feed's language.
func TestFeedsNameTheAudio(t *testing.T) {
	t.Parallel()
	tw := newTown(t, nil, func(d *channel.Deps) {
		desk, err := speech.New(speech.Config{Command: []string{"cat"}, Languages: []string{"fr", "en"}, Type: "audio/mpeg"}, *d)
		if err != nil {
			t.Fatal(err)
		}
		d.Voice = desk
	})
	tw.publish(func(p *events.Publication) { p.Variants = []events.Content{{Language: "en", Title: "Road closed"}} })
	audio := regexp.MustCompile(tw.server.URL + `/audio/pessac/[0-9a-z]+\.mp3`)
	seen := map[string]int{}
	for path, want := range map[string]string{
		"pessac.rss":     `<enclosure url="AUDIO" length="0" type="audio/mpeg"></enclosure>`,
		"pessac.en.rss":  `<enclosure url="AUDIO" length="0" type="audio/mpeg"></enclosure>`,
		"pessac.atom":    `<link rel="enclosure" type="audio/mpeg" hreflang="fr" href="AUDIO"></link>`,
		"pessac.en.atom": `<link rel="enclosure" type="audio/mpeg" hreflang="en" href="AUDIO"></link>`,
		"pessac.json":    `"attachments":[{"url":"AUDIO","mime_type":"audio/mpeg"}]`,
	} {
		body := tw.get("/feeds/" + path).Body.String()
		url := audio.FindString(body)
		if url == "" || !strings.Contains(body, strings.Replace(want, "AUDIO", url, 1)) {
			t.Errorf("%s has no %s:\n%s", path, want, body)
		}
		seen[url]++
	}
	if len(seen) != 2 {
		t.Errorf("audio of %d languages: %v", len(seen), seen)
	}
}
