package email_test

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/email"
)

var update = channeltest.Update()

func TestGolden(t *testing.T) {
	c, err := email.New(channel.Spec{Authority: "pessac", ID: "c", Kind: email.Kind, Settings: []byte("address: h:25\nfrom: Mairie <infos@pessac.example>")}, channel.Deps{
		Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: http.DefaultClient, PublicURL: "https://pessac.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	channeltest.Golden(t, c, *update)
}
