package record

import "time"

// Entry is one piece of editorial information: a feed item, a post, a row of
// open data, a mail, a page, a form. It is the shape of most kinds.
type Entry struct {
	Title   string `json:"title,omitempty"`
	Summary string `json:"summary,omitempty"` // text or HTML
	Body    string `json:"body,omitempty"`    // text or HTML
	// Instruction is what to do: only when the source keeps it apart (form).
	Instruction string            `json:"instruction,omitempty"`
	Link        string            `json:"link,omitempty"`
	Language    string            `json:"language,omitempty"` // BCP 47, when the source says it
	Categories  []string          `json:"categories,omitempty"`
	Authors     []string          `json:"authors,omitempty"`
	Published   time.Time         `json:"published,omitzero"`
	Updated     time.Time         `json:"updated,omitzero"`
	Starts      time.Time         `json:"starts,omitzero"` // of the thing itself: an event, roadworks
	Ends        time.Time         `json:"ends,omitzero"`
	Expires     time.Time         `json:"expires,omitzero"`
	Timings     []Timing          `json:"timings,omitempty"` // when Starts to Ends has gaps, in order; dates past included
	AllDay      bool              `json:"allDay,omitempty"`
	Place       *Place            `json:"place,omitempty"`
	Media       []Media           `json:"media,omitempty"`
	Class       string            `json:"class,omitempty"`    // alert, service, promotional: only when the source decides it (form, hook)
	Severity    string            `json:"severity,omitempty"` // CAP term, likewise
	Urgency     string            `json:"urgency,omitempty"`
	Certainty   string            `json:"certainty,omitempty"`
	Topic       string            `json:"topic,omitempty"` // slug, likewise
	Status      string            `json:"status,omitempty"`
	Licence     string            `json:"licence,omitempty"`  // of the data, when the record says it
	Variants    []Variant         `json:"variants,omitempty"` // the same in plain language or translated, when the source gives it
	Extra       map[string]string `json:"extra,omitempty"`    // what else is worth keeping, by its name in the source
}

// Variant is the same entry in other words: a translation, or plain language
// ("fr-simple": BCP 47, IANA's variant subtag simple).
type Variant struct {
	Language string `json:"language"`
	Title    string `json:"title"`
	Summary  string `json:"summary,omitempty"` // text or HTML
	Body     string `json:"body,omitempty"`    // text or HTML
}

// Place is where something is, with what the source gives of it.
type Place struct {
	Name     string   `json:"name,omitempty"`
	Address  string   `json:"address,omitempty"`
	City     string   `json:"city,omitempty"`
	Postcode string   `json:"postcode,omitempty"`
	INSEE    []string `json:"insee,omitempty"`
	Lat      *float64 `json:"lat,omitempty"` // WGS 84 degrees
	Lon      *float64 `json:"lon,omitempty"`
	GeoJSON  string   `json:"geojson,omitempty"` // a geometry, as found
}

// Timing is one of the dates of something that has several.
type Timing struct {
	Starts time.Time `json:"starts"`
	Ends   time.Time `json:"ends,omitzero"`
}

// Media is a picture, sound or document that goes with an entry.
type Media struct {
	URL   string `json:"url"`
	Type  string `json:"type,omitempty"` // media type
	Alt   string `json:"alt,omitempty"`
	Bytes int64  `json:"bytes,omitempty"`
}
