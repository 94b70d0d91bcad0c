package portal_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/services/audience/portal"
	"github.com/crieur/crieur/services/web"
)

// Publications that cannot be read end Run, for another to begin: pages that say
// "in a moment" for ever are worse than an error.
func TestRunEndsWhereNothingCanBeRead(t *testing.T) {
	t.Parallel()
	p, err := portal.New(portal.Config{
		PublicURL: "https://infos.example", Site: web.Site{Name: "Crieur", Conformity: web.NotConformant}, Key: make([]byte, 32),
		Logger: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	err = p.Run(t.Context(), portal.Backend{JetStream: eventstest.JetStream(t)}, make(chan struct{}))
	if err == nil || !strings.Contains(err.Error(), bus.StreamPublications) {
		t.Errorf("without the stream: %v", err)
	}
}
