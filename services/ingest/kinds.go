package ingest

import (
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/source/cap"
	"github.com/crieur/crieur/services/ingest/source/ckan"
	"github.com/crieur/crieur/services/ingest/source/datex2"
	"github.com/crieur/crieur/services/ingest/source/feed"
	"github.com/crieur/crieur/services/ingest/source/field"
	"github.com/crieur/crieur/services/ingest/source/grandlyon"
	"github.com/crieur/crieur/services/ingest/source/gtfsrt"
	"github.com/crieur/crieur/services/ingest/source/ical"
	"github.com/crieur/crieur/services/ingest/source/mail"
	"github.com/crieur/crieur/services/ingest/source/menus"
	"github.com/crieur/crieur/services/ingest/source/openagenda"
	"github.com/crieur/crieur/services/ingest/source/opendatasoft"
	"github.com/crieur/crieur/services/ingest/source/page"
	"github.com/crieur/crieur/services/ingest/source/slack"
	"github.com/crieur/crieur/services/ingest/source/table"
	"github.com/crieur/crieur/services/ingest/source/vigicrues"
	"github.com/crieur/crieur/services/ingest/source/vigieau"
	"github.com/crieur/crieur/services/ingest/source/vigilance"
	"github.com/crieur/crieur/services/ingest/source/webhook"
	"github.com/crieur/crieur/services/ingest/source/wordpress"
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
		openagenda.Kind(),
		opendatasoft.Kind(),
		wordpress.Kind(),
		menus.Kind(),
		grandlyon.Kind(),
		ckan.Kind(),
		table.Kind(), // after those whose documents are tables too
		gtfsrt.Kind(),
		datex2.Kind(),
		webhook.Kind(),
		mail.Kind(),
		page.Kind(),
		slack.Kind(),
		field.Kind(),
	}
}
