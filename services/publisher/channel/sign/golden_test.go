package sign_test

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/sign"
)

var update = channeltest.Update()

func TestGolden(t *testing.T) {
	c, err := sign.New(channel.Spec{Authority: "pessac", ID: "c", Kind: sign.Kind, Settings: []byte("")}, channel.Deps{
		Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: http.DefaultClient, PublicURL: "https://pessac.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	channeltest.Golden(t, c, *update)
}
