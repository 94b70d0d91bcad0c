package slack_test

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/slack"
)

var update = channeltest.Update()

func TestGolden(t *testing.T) {
	channeltest.GoldenWith(t, func(t *testing.T, settings string) channel.Channel {
		c, err := slack.New(channel.Spec{Authority: "pessac", ID: "c", Kind: slack.Kind, Settings: []byte("token: t\nchannel: C01\n" + settings)}, channel.Deps{
			Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: http.DefaultClient, PublicURL: "https://pessac.example",
		})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}, *update)
}
