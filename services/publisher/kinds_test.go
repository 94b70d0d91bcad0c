package publisher_test

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher"
	"github.com/crieur/crieur/services/publisher/channel"
)

// notKinds are the folders under channel/ that are no channel.
func notKinds(name string) bool { return name == "channeltest" }

func TestEveryFolderIsAWholeChannel(t *testing.T) {
	for _, secret := range []string{"SMPP_PASSWORD", "SMTP_PASSWORD", "SLACK_TOKEN", "MASTODON_TOKEN", "MQTT_PASSWORD"} {
		t.Setenv(secret, "secret")
	}
	t.Setenv("CRIEUR_EXAMPLE_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	folders, err := os.ReadDir("channel")
	if err != nil {
		t.Fatal(err)
	}
	kinds := publisher.Kinds()
	seen := 0
	for _, f := range folders {
		if !f.IsDir() || notKinds(f.Name()) {
			continue
		}
		seen++
		if _, ok := kinds[f.Name()]; !ok {
			t.Errorf("channel/%s is not in publisher.Kinds", f.Name())
			continue
		}
		for _, piece := range []string{"doc.go", "example.yaml", "testdata"} {
			if _, err := os.Stat(filepath.Join("channel", f.Name(), piece)); err != nil {
				t.Errorf("channel/%s has no %s", f.Name(), piece)
			}
		}
		example, err := os.ReadFile(filepath.Join("channel", f.Name(), "example.yaml"))
		if err != nil {
			continue
		}
		spec := channel.Spec{Authority: "pessac", ID: "c", Kind: f.Name(), Settings: example}
		deps := channel.Deps{Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: http.DefaultClient, PublicURL: "https://pessac.example"}
		if err := publisher.Check(spec, deps); err != nil {
			t.Errorf("channel/%s/example.yaml: %v", f.Name(), err)
		}
		spec.Settings = append([]byte("no_such_key: 1\n"), example...)
		if err := publisher.Check(spec, deps); events.OutcomeOf(err).Reason != events.ReasonInvalidConfig {
			t.Errorf("channel/%s takes an unknown key: %v", f.Name(), err)
		}
	}
	if seen != len(kinds) {
		t.Errorf("%d folders for %d kinds", seen, len(kinds))
	}
}

func TestFallbackCarriesTheSame(t *testing.T) {
	t.Parallel()
	for pair, ok := range map[[2]string]bool{
		{"sms", "smshttp"}: true, {"smshttp", "gammu"}: true, {"email", "email"}: true,
		{"sms", "email"}: false, {"sign", "sign"}: false, {"sms", "none"}: false, {"mastodon", "mastodon"}: false,
	} {
		if err := publisher.CheckFallback(pair[0], pair[1]); (err == nil) != ok {
			t.Errorf("%v: %v", pair, err)
		}
	}
}
