package measure

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"time"
)

// Licence of the exports.
const (
	LicenceName = "Licence Ouverte 2.0"
	LicenceURL  = "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"
)

// Export is what a file says of itself.
type Export struct {
	Authority  string      `json:"authority"`
	Name       string      `json:"name"`
	From       time.Time   `json:"from"`
	To         time.Time   `json:"to"` // not included
	Stream     string      `json:"stream,omitempty"`
	Channel    string      `json:"channel,omitempty"`
	Computed   time.Time   `json:"computed"`
	Version    string      `json:"version"` // of the definitions
	Licence    string      `json:"licence"`
	LicenceURL string      `json:"licenceUrl"`
	Indicators []Indicator `json:"indicators"`
}

// NewExport describes the indicators of a query.
func NewExport(q Query, name string, at time.Time, list []Indicator) Export {
	return Export{
		Authority: q.Authority, Name: name, From: q.Period.From, To: q.Period.To, Stream: q.Stream, Channel: q.Channel,
		Computed: at, Version: Version, Licence: LicenceName, LicenceURL: LicenceURL, Indicators: list,
	}
}

// WriteJSON writes the export as one JSON document.
func (e Export) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(e)
}

// WriteCSV writes one line a cell: UTF-8, commas, RFC 4180, as the French
// common schemas of local data (SCDL) ask. Every line says where it is from.
func (e Export) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	header := []string{
		"authority", "from", "to", "stream_filter", "channel_filter", "indicator", "channel", "status", "class", "topic", "leg", "statistic",
		"numerator", "denominator", "value", "unit", "hidden", "computed", "version", "licence",
	}
	if err := c.Write(header); err != nil {
		return err
	}
	for _, i := range e.Indicators {
		for _, x := range i.Cells {
			err := c.Write([]string{
				e.Authority, e.From.Format(time.RFC3339), e.To.Format(time.RFC3339), e.Stream, e.Channel,
				string(i.ID), x.Channel, x.Status, x.Class, x.Topic, x.Leg, x.Statistic,
				figure(x.Numerator), figure(x.Denominator), figure(x.Value), string(i.Unit), strconv.FormatBool(x.Hidden),
				e.Computed.Format(time.RFC3339), e.Version, e.Licence,
			})
			if err != nil {
				return err
			}
		}
	}
	c.Flush()
	return c.Error()
}

func figure(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', -1, 64)
}
