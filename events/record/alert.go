package record

import "time"

// Alert is a CAP alert, versions 1.0 to 1.2
// (docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2.html), with its elements'
// own names. Values are as found; the normalizer maps what is not a CAP term.
type Alert struct {
	Identifier  string    `json:"identifier"`
	Sender      string    `json:"sender"`
	Sent        time.Time `json:"sent,omitzero"`
	Status      string    `json:"status"`
	MsgType     string    `json:"msgType"`
	Source      string    `json:"source,omitempty"`
	Scope       string    `json:"scope,omitempty"`
	Restriction string    `json:"restriction,omitempty"`
	Note        string    `json:"note,omitempty"`
	Codes       []string  `json:"code,omitempty"`
	References  []Ref     `json:"references,omitempty"`
	Incidents   []string  `json:"incidents,omitempty"`
	Infos       []Info    `json:"info"`
	// Signature is what became of an XML signature: absent, valid, invalid, or
	// unchecked with the reason after a colon.
	Signature string `json:"signature,omitempty"`
	// Part names what this is of an alert that says different things to different
	// places; empty where it is the whole.
	Part string `json:"part,omitempty"`
}

// Item is the identifier of the alert, or of the part of it that this is.
func (a Alert) Item() string { return PartOf(a.Identifier, a.Part) }

// PartOf is the identifier of a part of an alert, of the whole when part is empty.
func PartOf(identifier, part string) string {
	if part == "" {
		return identifier
	}
	return identifier + "/" + part
}

// Ref is one entry of CAP's references: sender,identifier,sent.
type Ref struct {
	Sender     string    `json:"sender"`
	Identifier string    `json:"identifier"`
	Sent       time.Time `json:"sent,omitzero"`
}

// Info is a CAP info block: one language of what an alert says.
type Info struct {
	Language     string            `json:"language,omitempty"`
	Categories   []string          `json:"category,omitempty"`
	Event        string            `json:"event,omitempty"`
	Responses    []string          `json:"responseType,omitempty"`
	Urgency      string            `json:"urgency,omitempty"`
	Severity     string            `json:"severity,omitempty"`
	Certainty    string            `json:"certainty,omitempty"`
	Audience     string            `json:"audience,omitempty"`
	EventCodes   map[string]string `json:"eventCode,omitempty"`
	Effective    time.Time         `json:"effective,omitzero"`
	Onset        time.Time         `json:"onset,omitzero"`
	Expires      time.Time         `json:"expires,omitzero"`
	SenderName   string            `json:"senderName,omitempty"`
	Headline     string            `json:"headline,omitempty"`
	Description  string            `json:"description,omitempty"`
	Instruction  string            `json:"instruction,omitempty"`
	Web          string            `json:"web,omitempty"`
	Contact      string            `json:"contact,omitempty"`
	Parameters   map[string]string `json:"parameter,omitempty"`
	Resources    []Media           `json:"resource,omitempty"`
	Areas        []AlertArea       `json:"area,omitempty"`
	AwarenessRaw string            `json:"awareness,omitempty"` // MeteoAlarm's awareness_level, as found
}

// AlertArea is a CAP area. Polygons and circles are kept as CAP writes them:
// "lat,lon lat,lon …" and "lat,lon radiusKm".
type AlertArea struct {
	Description string              `json:"areaDesc,omitempty"`
	Polygons    []string            `json:"polygon,omitempty"`
	Circles     []string            `json:"circle,omitempty"`
	Geocodes    map[string][]string `json:"geocode,omitempty"` // by valueName: EMMA_ID, NUTS3, SAME, INSEE…
	Altitude    string              `json:"altitude,omitempty"`
	Ceiling     string              `json:"ceiling,omitempty"`
}
