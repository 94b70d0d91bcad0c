package rows

import (
	"regexp"
	"strconv"
	"strings"
)

// wkt matches the beginning of a geometry in Well-Known Text (OGC 06-103r4 §7).
var wkt = regexp.MustCompile(`(?i)^\s*(?:SRID=(\d+);)?\s*(MULTI)?(POINT|LINESTRING|POLYGON)\s*(?:Z|M|ZM)?\s*\(`)

func isWKT(s string) bool { return wkt.MatchString(s) }

// fromWKT gives the GeoJSON of a geometry in Well-Known Text, nil for a broken one.
func fromWKT(s string) any {
	m := wkt.FindStringSubmatch(s)
	if m == nil || len(s) > 4*maxGeometryBytes {
		return nil
	}
	kind := map[string]string{"POINT": "Point", "LINESTRING": "LineString", "POLYGON": "Polygon"}[strings.ToUpper(m[3])]
	if m[2] != "" {
		kind = "Multi" + kind
	}
	lists, rest, ok := wktList(s[len(m[0]):], 0)
	if !ok || strings.TrimSpace(rest) != "" || len(lists) == 0 {
		return nil
	}
	var coordinates any = lists
	if kind == "Point" {
		coordinates = lists[0]
	}
	if kind == "MultiPoint" { // ((1 2), (3 4)) or (1 2, 3 4)
		for i, part := range lists {
			if inner := part.([]any); len(inner) == 1 {
				lists[i] = inner[0]
			}
		}
	}
	g := map[string]any{"type": kind, "coordinates": coordinates}
	if m[1] != "" {
		g["crs"] = map[string]any{"properties": map[string]any{"name": "EPSG:" + m[1]}}
	}
	return g
}

// wktList reads up to the parenthesis that closes: positions, or lists of them.
func wktList(s string, depth int) (list []any, rest string, ok bool) {
	for depth < 4 {
		s = strings.TrimLeft(s, " \t\n")
		var part []any
		if strings.HasPrefix(s, "(") {
			if part, s, ok = wktList(s[1:], depth+1); !ok {
				return nil, "", false
			}
		} else {
			end := strings.IndexAny(s, ",)")
			if end < 0 {
				return nil, "", false
			}
			for _, number := range strings.Fields(s[:end]) {
				f, err := strconv.ParseFloat(number, 64)
				if err != nil {
					return nil, "", false
				}
				part = append(part, f)
			}
			if s = s[end:]; len(part) < 2 {
				return nil, "", false
			}
		}
		list = append(list, part)
		s = strings.TrimLeft(s, " \t\n")
		switch {
		case strings.HasPrefix(s, ","):
			s = s[1:]
		case strings.HasPrefix(s, ")"):
			return list, s[1:], true
		default:
			return nil, "", false
		}
	}
	return nil, "", false
}
