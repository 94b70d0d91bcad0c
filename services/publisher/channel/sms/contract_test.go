package sms_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
	"github.com/crieur/crieur/services/publisher/channel/sms"
	"github.com/crieur/crieur/services/publisher/channel/sms/smsctest"
)

func TestContract(t *testing.T) {
	peer := smsctest.Start(t, "none")
	numbers := map[channeltest.Fault]string{
		channeltest.OK: "+33612340000", channeltest.Permanent: "+33612340001", channeltest.Silent: "+33612340003",
		channeltest.Throttled: "+33612340004", channeltest.Transient: "+33612340004", channeltest.Absent: "+33612340000",
	}
	channeltest.Run(t, channeltest.Suite{
		Secrets: []string{"33612340", "secret"},
		Scene: func(t *testing.T, f channeltest.Fault) *channeltest.Scene {
			t.Helper()
			addr := peer.Addr
			if f == channeltest.Absent {
				addr = "127.0.0.1:1"
			}
			logs := &safeBuilder{}
			made, err := sms.New(channel.Spec{Authority: "pessac", ID: "sms", Kind: sms.Kind, Settings: []byte(settings(addr))}, channel.Deps{
				Logger: slog.New(slog.NewTextHandler(logs, nil)), Now: time.Now, PublicURL: "https://x.example",
			})
			if err != nil {
				t.Fatal(err)
			}
			c, _ := made.(*sms.Channel)
			scene := &channeltest.Scene{Channel: c, Contact: numbers[f], Run: true, Logs: logs.String, Within: 4 * time.Second}
			if f != channeltest.Absent {
				scene.Ready = func() bool { return c.Ready() == nil }
			}
			return scene
		},
	})
}

type safeBuilder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *safeBuilder) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuilder) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
