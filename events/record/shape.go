package record

// Shape names the Go type of a kind's records.
type Shape string

// The shapes.
const (
	ShapeEntry Shape = "entry" // Entry
	ShapeAlert Shape = "alert" // Alert
)

// ShapeOf returns the shape of the records of a connector kind. Every kind
// that is not an alert protocol gives entries.
func ShapeOf(kind string) Shape {
	switch kind {
	case "cap", "vigicrues", "vigilance":
		return ShapeAlert
	}
	return ShapeEntry
}
