package mail

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/media"
	"github.com/crieur/crieur/services/ingest/picture/picturetest"
	"github.com/crieur/crieur/services/ingest/source"
)

// withFiles is a mail with parts of the headers and bodies given.
func withFiles(parts ...string) string {
	var b strings.Builder
	b.WriteString("From: Alertes <a@eau.example>\r\nSubject: Coupure\r\nMessage-ID: <f@eau>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nVoir le plan.\r\n")
	for _, p := range parts {
		b.WriteString("--b\r\n" + p + "\r\n")
	}
	return b.String() + "--b--\r\n"
}

func part(kind, disposition, name string, body []byte) string {
	return fmt.Sprintf("Content-Type: %s; name=%q\r\nContent-Disposition: %s; filename=%q\r\nContent-Transfer-Encoding: base64\r\n\r\n%s", kind, name, disposition, name, base64.StdEncoding.EncodeToString(body))
}

// TestAttachmentsAreKeptAsLinks: documents and pictures are kept and linked to, a
// page that a browser would execute and a logo within the text are not.
func TestAttachmentsAreKeptAsLinks(t *testing.T) {
	t.Parallel()
	store := media.New(eventstest.JetStream(t), "https://mairie.example/")
	p := newPost(t)
	m := p.mailbox(t, "dkim: record")
	m.deps.Media = store
	p.deliver(t, withFiles(
		part("application/octet-stream", "attachment", "Plan d'accès.pdf", []byte("%PDF-1.7 plan")),
		part("image/jpeg", "attachment", "rue.jpeg", picturetest.Camera(t, 1)),
		part("text/html", "attachment", "page.html", []byte("<script>alert(1)</script>")),
		part("application/pdf", "attachment", "faux.pdf", []byte("MZ executable")),
		"Content-ID: <logo>\r\n"+part("image/png", "inline", "logo.png", []byte("\x89PNG")),
		part("text/calendar", "attachment", "reunion.ics", []byte("BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nORGANIZER;CN=Jean:mailto:jean@eau.example\r\nSUMMARY:Réunion\r\nATTENDEE;CN=Marie;RSVP=TRUE:\r\n mailto:marie@eau.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")),
	))
	records, _, err := m.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 1 || records[0].Refused != nil {
		t.Fatalf("%+v, %v", records, err)
	}
	e := records[0].Value.(record.Entry)
	if e.Extra["attachments"] != "page.html; faux.pdf; logo.png" || len(e.Media) != 3 {
		t.Fatalf("kept %+v, told %q", e.Media, e.Extra["attachments"])
	}
	mux := http.NewServeMux()
	mux.Handle(media.Pattern, store)
	get := func(at int) *httptest.ResponseRecorder {
		address, found := strings.CutPrefix(e.Media[at].URL, "https://mairie.example")
		if !found {
			t.Fatalf("address %s", e.Media[at].URL)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
		if w.Code != http.StatusOK || w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d %v", address, w.Code, w.Header())
		}
		return w
	}
	if plan := get(0); plan.Body.String() != "%PDF-1.7 plan" || plan.Header().Get("Content-Type") != "application/pdf" || !strings.HasPrefix(plan.Header().Get("Content-Disposition"), "attachment; filename*=utf-8''Plan%20d") || e.Media[0].Alt != "Plan d'accès.pdf" {
		t.Errorf("%q %v", plan.Body, plan.Header())
	}
	photo := get(1)
	if _, err := jpeg.Decode(bytes.NewReader(photo.Body.Bytes())); err != nil || bytes.Contains(photo.Body.Bytes(), []byte("GPS")) || photo.Header().Get("Content-Disposition") != "" {
		t.Errorf("%v %v", err, photo.Header())
	}
	if meeting := get(2).Body.String(); !strings.Contains(meeting, "SUMMARY:Réunion") || strings.Contains(meeting, "@") || strings.Contains(meeting, "METHOD") {
		t.Errorf("%q", meeting)
	}
	for _, wrong := range []string{"x.pdf", strings.Repeat("0", 64) + ".pdf", strings.Repeat("0", 64) + ".html", "..%2f"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/media/"+wrong, nil))
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", wrong, w.Code)
		}
	}
	if _, err := store.Keep(t.Context(), source.File{Name: "macros.docm", Body: []byte("PK")}); !errors.Is(err, source.ErrNotKept) {
		t.Errorf("macros: %v", err)
	}
}
