package mastodon_test

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/mastodon"
)

var update = channeltest.Update()

func TestGolden(t *testing.T) {
	channeltest.GoldenWith(t, func(t *testing.T, settings string) channel.Channel {
		c, err := mastodon.New(channel.Spec{Authority: "pessac", ID: "c", Kind: mastodon.Kind, Settings: []byte("server: https://social.example\ntoken: t\n" + settings)}, channel.Deps{
			Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: http.DefaultClient, PublicURL: "https://pessac.example",
		})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}, *update)
}
