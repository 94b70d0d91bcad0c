package cli_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crieur/crieur/services/crieur/cli"
)

// TestCheckConfigTellsAddresses prints what providers have to be told, and no
// secret.
func TestCheckConfigTellsAddresses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, secret := filepath.Join(dir, "crieur.yaml"), filepath.Join(dir, "secret")
	write(t, secret, "s3cret, sixteen characters")
	const town = "publicURL: https://pessac.example/\nauthorities:\n- {id: pessac, name: Pessac, kind: municipality, insee: [\"33318\"]}\n"
	write(t, file, town+`channels:
- {authority: pessac, id: flux, name: Flux, kind: feed}
- {authority: pessac, id: sms, name: SMS, kind: smshttp, settings: {provider: twilio, params: {account: AC1}, secret_file: `+secret+`, sender: PESSAC}}
- authority: pessac
  id: courriel
  name: Courriel
  kind: email
  settings: {address: "127.0.0.1:25", tls: none, from: mairie@pessac.example, bounces: {return_path: bounces@pessac.example, secret_file: `+secret+`}}
`)
	var out, wrong bytes.Buffer
	if code := cli.Main([]string{"check-config", file}, &out, &wrong); code != 0 {
		t.Fatalf("%d: %s", code, wrong.String())
	}
	for _, want := range []string{"3 channels", "https://pessac.example/mail/pessac/courriel/", "https://pessac.example/sms/pessac/sms/", "/incoming\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "s3cret") || strings.Contains(out.String(), "sixteen") {
		t.Error("a secret is printed")
	}
	if strings.Contains(out.String(), "shortURL") {
		t.Errorf("short enough, and yet:\n%s", out.String())
	}
	far := strings.Replace(town, "pessac.example", "information.gironde-numerique.example", 1) +
		"channels:\n- {authority: pessac, id: sms, name: SMS, kind: smshttp, settings: {provider: twilio, params: {account: AC1}, secret_file: " + secret + ", sender: PESSAC}}\n"
	for shortURL, warned := range map[string]bool{"": true, "shortURL: https://crr.example\n": false} {
		out.Reset()
		write(t, file, shortURL+far)
		if code := cli.Main([]string{"check-config", file}, &out, &wrong); code != 0 || strings.Contains(out.String(), "a shorter address") != warned {
			t.Errorf("%q: %d: %s %s", shortURL, code, out.String(), wrong.String())
		}
	}
	write(t, file, town)
	out.Reset()
	if code := cli.Main([]string{"check-config", file}, &out, &wrong); code != 0 || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("%d: %s", code, out.String())
	}
}

// TestCheckConfigTellsItsDoubts: what may be right is told; a sign's token, which
// is read at each start, is an error.
func TestCheckConfigTellsItsDoubts(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "crieur.yaml")
	const town = `authorities:
- {id: pessac, name: Pessac, kind: municipality, insee: ["33318"]}
officers:
- {id: claire, name: Claire, email: claire@pessac.example, roles: {pessac: [officer]}, password_file: nowhere.password}
`
	var out, wrong bytes.Buffer
	write(t, file, town+`sources:
- {authority: pessac, id: site, name: Site, kind: feed, url: "https://pessac.example/feed"}
channels:
- {authority: pessac, id: fil, name: Fil, kind: feed}
streams:
- {authority: pessac, id: infos, name: Infos, channels: [fil], rule: {sources: [site, pessac/site, siite], topics: [eau, eaux]}}
`)
	if code := cli.Main([]string{"check-config", file}, &out, &wrong); code != 0 {
		t.Errorf("%d: %s", code, wrong.String())
	}
	for _, want := range []string{"officer claire: password_file: ", `rule.sources: this file has no source "siite"`, `topic "eaux"`} {
		if strings.Count(out.String(), want) != 1 {
			t.Errorf("not once %q in\n%s", want, out.String())
		}
	}
	if n := strings.Count(out.String(), "\n\n"); n != 3 {
		t.Errorf("%d doubts in\n%s", n, out.String())
	}
	write(t, file, town+`channels:
- {authority: pessac, id: panneaux, name: Panneaux, kind: sign}
signs:
- {authority: pessac, id: mairie, name: Mairie, place: Place, channel: panneaux, profile: text-8x16, token_file: nowhere.token}
`)
	if code := cli.Main([]string{"check-config", file}, &out, &wrong); code == 0 || !strings.Contains(wrong.String(), ":8: signs[0].token_file: ") {
		t.Errorf("%d: %s", code, wrong.String())
	}
}
