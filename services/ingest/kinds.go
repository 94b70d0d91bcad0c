package ingest

import (
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/source/feed"
)

// Kinds returns every connector, in the order in which an address is tried.
func Kinds() []source.Kind {
	return []source.Kind{
		feed.Kind(),
	}
}
