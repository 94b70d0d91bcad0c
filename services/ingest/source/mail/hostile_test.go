package mail

import (
	"strings"
	"testing"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/ingest/media"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func TestHostile(t *testing.T) {
	m := &Mailbox{cfg: Config{Senders: []string{"@enedis.example"}}, deps: source.Deps{Media: media.New(eventstest.JetStream(t), "")}}
	read := func(body []byte) ([]source.Record, error) {
		r, err := m.record(t.Context(), 1, 1, append([]byte{}, body...), uint32(len(body)))
		if err != nil {
			return nil, err
		}
		if events.OutcomeOf(r.Refused).Reason == events.ReasonForbidden {
			return nil, nil // its sender is no longer who may write
		}
		return []source.Record{r}, r.Refused
	}
	document := "From: Enedis <coupures@enedis.example>\r\nSubject: Coupure\r\nMessage-Id: <1@enedis.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n" +
		"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>Coupure rue du Four, 24 novembre 2026</p></body></html>\r\n" +
		"--b\r\nContent-Type: application/pdf; name=\"plan.pdf\"\r\nContent-Disposition: attachment; filename=\"plan.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--b--\r\n"
	sourcetest.Hostile(t, []byte(document), read)

	head := "From: a@enedis.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
	var deep, wide strings.Builder
	deep.WriteString(head)
	wide.WriteString(head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n")
	for range 20_000 {
		deep.WriteString("Content-Type: message/rfc822\r\n\r\n")
		wide.WriteString("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n")
	}
	for name, body := range map[string]string{
		"20,000 mails deep":  deep.String(),
		"20,000 parts":       wide.String(),
		"bomb of base64":     head + "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat("PGI+\r\n", 500_000),
		"header of 1 MB":     head + "X: " + strings.Repeat("a", 1<<20) + "\r\n\r\nx",
		"100,000 headers":    head + strings.Repeat("X: a\r\n", 100_000) + "\r\nx",
		"100,000 recipients": "To: " + strings.Repeat("a@b.example, ", 100_000) + "c@d.example\r\n" + head + "\r\nx",
		"100,000 words":      "Subject: " + strings.Repeat("=?utf-8?q?=C3=A9?= ", 100_000) + "\r\n" + head + "\r\nx",
	} {
		t.Run(name, func(t *testing.T) {
			sourcetest.Within(t, func() ([]source.Record, error) { return read([]byte(body)) })
		})
	}
}

// A file's name is found where the field is in Latin-1 and breaks the grammar.
func TestNameOfAFileInAFieldThatIsNoUTF8(t *testing.T) {
	for field, want := range map[string]string{
		"attachment; x=\xe9\xe9\xe9\xe9\xe9\xe9; FileName=\"plan d'acc\xe8s.pdf\"": "plan d'acc\xe8s.pdf",
		"attachment; \xc4\xb0\xc4\xb0\xc4\xb0\xc4\xb0; filename=a":                 "a",
		"attachment; \xe9\xe9\xe9; filename=":                                      "",
		"filename":                                                                 "",
	} {
		if got := roughName(field, "filename"); got != want {
			t.Errorf("%q: %q, want %q", field, got, want)
		}
	}
}
