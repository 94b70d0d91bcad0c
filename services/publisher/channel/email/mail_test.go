package email_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
)

// TestChaos: mailpit refuses half of the recipients for now. Each has its own
// answer, what was refused is sent again, and nobody has it twice.
func TestChaos(t *testing.T) {
	t.Parallel()
	m := newMailpit(t)
	m.chaos(t, 50)
	c := newChannel(t, m.smtp)
	left := make([]string, 40)
	for i := range left {
		left[i] = fmt.Sprintf("r%d@example.org", i)
	}
	refused := 0
	for round := 0; len(left) > 0; round++ {
		if round == 3 {
			m.chaos(t, 0)
		}
		var again []string
		for i, r := range send(t, c, delivery(t, c), left...) {
			switch {
			case r.Retry() && r.Outcome.Reason == events.ReasonUnavailable:
				again = append(again, left[i])
			case r.Outcome.Kind != events.Done:
				t.Fatalf("%s: %+v", left[i], r.Outcome)
			}
		}
		refused += len(again)
		left = again
		if round > 5 {
			t.Fatalf("%d are never accepted", len(left))
		}
	}
	got := map[string]int{}
	for _, mail := range m.inbox(t).Messages {
		got[mail.To[0].Address]++
	}
	if len(got) != 40 || refused == 0 {
		t.Errorf("%d of 40 arrived, %d were refused for now", len(got), refused)
	}
	for to, n := range got {
		if n != 1 {
			t.Errorf("%s has it %d times", to, n)
		}
	}
}

// pemOf writes a private key.
func pemOf(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// indent puts a text in YAML's literal style.
func indent(s string) string {
	return "|\n    " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n    ")
}

// TestDKIM: what mailpit received is verified by npm mailauth; changed on its
// way it no longer is.
func TestDKIM(t *testing.T) {
	t.Parallel()
	newMailbox(t) // npm's packages are there
	m := newMailpit(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(rsaKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	edPublic, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for algo, k := range map[string]struct{ key, record string }{
		"rsa-sha256":     {pemOf(t, rsaKey), "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(public)},
		"ed25519-sha256": {pemOf(t, edKey), "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(edPublic)},
	} {
		c := newChannel(t, m.smtp, "dkim:\n  selector: crieur\n  key: "+indent(k.key))
		got := send(t, c, delivery(t, c), "anna@example.org")
		if got[0].Outcome.Kind != events.Done {
			t.Fatalf("%s: %+v", algo, got[0].Outcome)
		}
		raw := m.raw(t, m.inbox(t).Messages[0].ID)
		// Mailpit writes where it received it above the mail.
		raw = raw[bytes.Index(raw, []byte("DKIM-Signature:")):]
		records, err := json.Marshal(map[string]string{"crieur._domainkey.pessac.example": k.record})
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			mail []byte
			want string
		}{
			"as it is":          {raw, "pass"},
			"another subject":   {bytes.Replace(raw, []byte("\r\nSubject: "), []byte("\r\nSubject: x"), 1), "fail"},
			"another text":      {append(bytes.Clone(raw), "x\r\n"...), "neutral"},
			"another one-click": {bytes.Replace(raw, []byte("/d/token0"), []byte("/d/token9"), 1), "fail"},
		} {
			v := verified(t, c.mail, records)
			if v.Result != c.want || v.Domain != "pessac.example" || v.Selector != "crieur" || v.Algo != algo {
				t.Errorf("%s, %s: %+v, want %s", algo, name, v, c.want)
			}
			for _, field := range []string{"from", "list-unsubscribe", "list-unsubscribe-post"} {
				if !strings.Contains(strings.ToLower(v.Headers)+":", field+":") {
					t.Errorf("%s is not signed: %s", field, v.Headers)
				}
			}
		}
	}
}

type verdict struct{ Domain, Selector, Algo, Result, Headers string }

func verified(t *testing.T, mail, records []byte) verdict {
	t.Helper()
	cmd := exec.Command("node", "dkim.js", string(records))
	cmd.Dir, cmd.Stdin = "testdata/peer", bytes.NewReader(mail)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []verdict
	if err := json.Unmarshal(out, &list); err != nil || len(list) != 1 {
		t.Fatalf("mailauth: %s %v", out, err)
	}
	list[0].Headers = strings.ReplaceAll(list[0].Headers, " ", "")
	return list[0]
}

// TestMailIsReadable: what the HTML is checked for by mailpit and by us.
func TestMailIsReadable(t *testing.T) {
	t.Parallel()
	m := newMailpit(t)
	c := newChannel(t, m.smtp)
	send(t, c, delivery(t, c), "anna@example.org")
	id := m.inbox(t).Messages[0].ID
	var mail struct{ HTML, Text string }
	if err := json.Unmarshal(m.get(t, "message/"+id), &mail); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<html lang="fr">`, "<title>", "<h1", `name="viewport"`} {
		if !strings.Contains(mail.HTML, want) {
			t.Errorf("the HTML has no %s", want)
		}
	}
	for _, text := range []string{"Coupure d’eau & travaux rue du Cœur", "Ne buvez pas l’eau trouble.", "/d/token0"} {
		if !strings.Contains(mail.Text, text) {
			t.Errorf("the text part lacks %q", text)
		}
	}
	var compatible struct {
		Total struct{ Unsupported float64 }
	}
	if err := json.Unmarshal(m.get(t, "message/"+id+"/html-check"), &compatible); err != nil {
		t.Fatal(err)
	}
	if compatible.Total.Unsupported > 6 {
		t.Errorf("mail programs do not know %.1f %% of what the HTML uses", compatible.Total.Unsupported)
	}
}

func TestDKIMSettings(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := settings(t, "dkim:\n  selector: a\n  key: "+indent(pemOf(t, small))); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{
		"no selector": "dkim:\n  domain: pessac.example", "no key": "dkim:\n  selector: a", "not PEM": "dkim:\n  selector: a\n  key: nope",
		"certificate": "dkim:\n  selector: a\n  key: " + indent("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
		"return path": "bounces:\n  return_path: nobody", "short secret": "bounces:\n  return_path: b@pessac.example\n  secret: short",
		"pop3 alone": "bounces:\n  pop3:\n    address: h:995",
		"in clear":   "bounces:\n  return_path: b@pessac.example\n  secret: 0123456789abcdef\n  pop3:\n    address: mail.example:110\n    tls: none\n    username: u\n    password: p",
	} {
		if _, err := settings(t, text); events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%s: the key shows: %v", name, err)
		}
	}
}

// TestEachInTheirLanguage: recipients of one batch read the mail in their
// language, and a correction is filed under what it corrects.
func TestEachInTheirLanguage(t *testing.T) {
	t.Parallel()
	m := newMailpit(t)
	c := newChannel(t, m.smtp)
	for revision := 1; revision <= 2; revision++ {
		p := channeltest.Publication()
		p.Revision = revision
		if revision > 1 {
			p.MsgType = events.MsgUpdate
		}
		p.Variants = []events.Content{{Language: "en", Title: "Water cut", Text: "No water."}, {Language: "fr-simple", Title: "Pas d’eau", Text: "Il n’y a pas d’eau."}}
		r, err := c.Render(p, channeltest.Profile())
		if err != nil {
			t.Fatal(err)
		}
		var contacts []call.Contact
		for _, language := range []string{"fr", "en-GB", "fr-simple", "de"} {
			contacts = append(contacts, call.Contact{Subscriber: language, Address: call.Address(language + "@example.org"), Language: language, Unsubscribe: "/d/" + language})
		}
		d := events.Delivery{ID: fmt.Sprint("d", revision), Publication: p.ID, Revision: revision, Rendition: r, Class: events.ClassService}
		c.DeliverBatch(t.Context(), channel.Send{Delivery: d, Contacts: contacts}, func(i int, r channel.Result) {
			if r.Outcome.Kind != events.Done {
				t.Errorf("%s: %+v", contacts[i].Language, r)
			}
		})
	}
	threads, seen := map[string]bool{}, map[string]int{}
	for _, listed := range m.inbox(t).Messages {
		raw := string(m.raw(t, listed.ID))
		if at := regexp.MustCompile(`(?m)^References: (<\S+@pessac\.example>)\r?$`).FindStringSubmatch(raw); at != nil {
			threads[at[1]] = true
		}
		var mail struct {
			Subject, HTML, Text string
			To                  []struct{ Address string }
		}
		if err := json.Unmarshal(m.get(t, "message/"+listed.ID), &mail); err != nil {
			t.Fatal(err)
		}
		language, _, _ := strings.Cut(mail.To[0].Address, "@")
		want := map[string][3]string{
			"fr":        {"Coupure d’eau", `lang="fr"`, "Se désabonner : https://pessac.example/d/fr"},
			"de":        {"Coupure d’eau", `lang="fr"`, "Se désabonner : https://pessac.example/d/de"},
			"en-gb":     {"Water cut", `lang="en"`, "Unsubscribe: https://pessac.example/d/en-GB"},
			"fr-simple": {"Pas d’eau", `lang="fr-simple"`, "de 9 h à 17 h"},
		}[strings.ToLower(language)]
		if want[0] == "" || !strings.Contains(mail.Subject, want[0]) || !strings.Contains(mail.HTML, want[1]) || !strings.Contains(mail.Text, want[2]) {
			t.Errorf("%s reads %q: %s", language, mail.Subject, mail.Text)
		}
		seen[mail.Subject]++
	}
	if len(threads) != 1 || len(seen) != 6 {
		t.Errorf("%d threads of %d subjects: %v", len(threads), len(seen), seen)
	}
}
