package ingest

import (
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/source/cap"
	"github.com/crieur/crieur/services/ingest/source/feed"
	"github.com/crieur/crieur/services/ingest/source/gtfsrt"
	"github.com/crieur/crieur/services/ingest/source/ical"
	"github.com/crieur/crieur/services/ingest/source/vigicrues"
	"github.com/crieur/crieur/services/ingest/source/vigieau"
	"github.com/crieur/crieur/services/ingest/source/vigilance"
	"github.com/crieur/crieur/services/ingest/source/webhook"
)

// Kinds returns every connector, in the order in which an address is tried: an
// index of alerts is a feed too.
func Kinds() []source.Kind {
	return []source.Kind{
		cap.Kind(),
		feed.Kind(),
		ical.Kind(),
		vigilance.Kind(),
		vigicrues.Kind(),
		vigieau.Kind(),
		gtfsrt.Kind(),
		webhook.Kind(),
	}
}
