package rows

import (
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/source"
)

// MaxRows is how many rows of one source are read: what the ledger of revisions
// remembers. A larger data set needs a filter.
const MaxRows = 4000

// Extract gives the rows of a document: those at path or, without path, a list at
// the root, a GeoJSON FeatureCollection, or the list under a name that portals
// use. A feature becomes its properties with geometry and feature_id; a record of Opendatasoft
// v1 its fields with recordid, record_timestamp and geometry. The crs of a
// collection is given to its geometries.
func Extract(doc any, path string) ([]map[string]any, error) {
	list, ok := find(doc, path)
	if !ok {
		return nil, ErrNoRows
	}
	out := make([]map[string]any, 0, len(list))
	root, _ := doc.(map[string]any)
	for _, element := range list {
		if row, ok := element.(map[string]any); ok {
			row = flat(row)
			if g, ok := row["geometry"].(map[string]any); ok && root["crs"] != nil && g["crs"] == nil {
				g["crs"] = root["crs"]
			}
			out = append(out, row)
		}
	}
	if len(out) == 0 && len(list) > 0 {
		return nil, ErrNoRows
	}
	return out, nil
}

func find(doc any, path string) ([]any, bool) {
	if path != "" {
		list, ok := At(doc, path).([]any)
		return list, ok
	}
	if list, ok := doc.([]any); ok {
		return list, true
	}
	root, ok := doc.(map[string]any)
	if !ok {
		return nil, false
	}
	if root["type"] == "Feature" {
		return []any{root}, true
	}
	for _, name := range []string{"features", "records", "results", "result.records", "values", "events", "items", "rows", "data"} {
		if list, ok := At(root, name).([]any); ok {
			return list, true
		}
	}
	// A single list of objects, whatever its name.
	var found []any
	for _, name := range slices.Sorted(maps.Keys(root)) {
		list, ok := root[name].([]any)
		if !ok || len(list) == 0 {
			continue
		}
		if _, ok := list[0].(map[string]any); !ok {
			continue
		}
		if found != nil {
			return nil, false
		}
		found = list
	}
	return found, found != nil
}

func flat(row map[string]any) map[string]any {
	inner, keep := row, []string(nil)
	if properties, ok := row["properties"].(map[string]any); ok && row["type"] == "Feature" {
		inner, keep = properties, []string{"geometry"}
		if id := row["id"]; id != nil {
			// A server's own number of the feature: the last choice of an identifier.
			row["feature_id"], keep = id, []string{"geometry", "feature_id"}
		}
	} else if fields, ok := row["fields"].(map[string]any); ok && row["recordid"] != nil {
		inner, keep = fields, []string{"recordid", "record_timestamp", "geometry"}
	} else if attributes, ok := row["attributes"].(map[string]any); ok && row["id"] != nil { // JSON:API
		inner, keep = attributes, []string{"id"}
	} else if record, ok := row["record"].(map[string]any); ok { // Opendatasoft v2.0
		if fields, ok := record["fields"].(map[string]any); ok {
			inner = fields
		}
	}
	if len(keep) == 0 {
		return inner
	}
	out := maps.Clone(inner)
	for _, name := range keep {
		if v := row[name]; v != nil && out[name] == nil {
			out[name] = v
		}
	}
	return out
}

// Records maps rows; what m leaves unsaid is guessed from the names of the
// columns unless plain. Beyond [MaxRows] one refusal says how many were left out.
func Records(list []map[string]any, m Mapping, zone *time.Location, from string, plain bool) []source.Record {
	if !plain {
		m = m.Over(Guess(list))
	}
	base, err := url.Parse(from)
	if err != nil {
		base = nil
	}
	reader := Reader{Mapping: m, Zone: zone, Base: base}
	out := make([]source.Record, 0, min(len(list), MaxRows))
	for i, row := range list {
		if i == MaxRows {
			out = append(out, source.Record{Refused: TooMany(len(list))})
			break
		}
		out = append(out, reader.Record(row))
	}
	return out
}

// TooMany is the refusal of what exceeds [MaxRows].
func TooMany(found int) error {
	return events.Permanentf(events.ReasonTooLarge, "%d rows: only the first %d are read; narrow the source with a filter", found, MaxRows)
}
