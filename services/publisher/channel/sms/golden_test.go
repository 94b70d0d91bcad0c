package sms_test

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/sms"
)

var update = channeltest.Update()

func TestGolden(t *testing.T) {
	c, err := sms.New(channel.Spec{Authority: "pessac", ID: "c", Kind: sms.Kind, Settings: []byte("address: h:1\nsystem_id: c\nsender: MAIRIE\nmentions: {service: \"Désabo {unsubscribe}\"}")}, channel.Deps{
		Logger: slog.New(slog.DiscardHandler), Now: time.Now, HTTP: http.DefaultClient, PublicURL: "https://pessac.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	channeltest.Golden(t, c, *update)
}
