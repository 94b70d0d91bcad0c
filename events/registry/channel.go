package registry

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/crieur/crieur/events"
)

// DefaultWindow is how many renditions a channel has on their way at once: it
// bounds the duplicates of an alert after a crash.
const DefaultWindow = 64

// Channel is one way an authority publishes: an SMS account, a page, the
// signs, a feed. Its key is {Authority, ID}.
type Channel struct {
	Authority     string         `json:"authority"`
	ID            string         `json:"id"` // slug within the authority
	Name          string         `json:"name"`
	Kind          string         `json:"kind"`                    // connector of publisher
	Classes       []events.Class `json:"classes,omitempty"`       // classes it takes; empty: all
	Window        int            `json:"window"`                  // 1 to 10000; default 64
	RatePerSecond float64        `json:"ratePerSecond,omitempty"` // in RateUnit a second; 0: the kind's own limit
	RateUnit      RateUnit       `json:"rateUnit,omitempty"`      // what the provider counts; empty: messages
	QuietHours    *QuietHours    `json:"quietHours,omitempty"`    // nil: none; never holds an alert
	Fallback      string         `json:"fallback,omitempty"`      // channel of the authority that takes over when this one fails
	Paused        bool           `json:"paused,omitempty"`
	// TokenExpires is the last day of the token or key that the provider gave,
	// written 2027-01-31; empty: none is known. The console warns before it.
	TokenExpires string `json:"tokenExpires,omitempty"`
	// Settings are the kind's own, a JSON object. A secret is named by a
	// *_file key or written ${NAME}.
	Settings json.RawMessage `json:"settings,omitempty"`
}

// Confirms reports whether a kind of channel tells what arrived, and not only
// what was taken.
func Confirms(kind string) bool {
	return slices.Contains([]string{"sms", "smshttp", "sign", "ntcip", "feed"}, kind)
}

// RateUnit is what a provider counts when it limits a channel's rate.
type RateUnit string

const (
	// RateMessages counts one for each recipient.
	RateMessages RateUnit = "messages"
	// RateParts counts a rendition's units, for each recipient: the parts of
	// an SMS, the posts of a thread.
	RateParts RateUnit = "parts"
)

func (u RateUnit) valid() bool { return u == "" || u == RateMessages || u == RateParts }

// Key implements the repository's key: {Authority, ID}.
func (ch Channel) Key() Key { return Key{ch.Authority, ch.ID} }

// SetDefaults fills the window.
func (ch *Channel) SetDefaults() {
	if ch.Window == 0 {
		ch.Window = DefaultWindow
	}
}

// Takes reports whether the channel takes publications of a class.
func (ch Channel) Takes(class events.Class) bool {
	for _, c := range ch.Classes {
		if c == class {
			return true
		}
	}
	return len(ch.Classes) == 0
}

// Validate names every wrong field. The kind and its settings are the
// connector's to check further.
func (ch Channel) Validate() error {
	c := check{entity: "channel"}
	c.slug("authority", ch.Authority)
	c.slug("id", ch.ID)
	c.name("name", ch.Name)
	c.slug("kind", ch.Kind)
	c.classes("classes", ch.Classes)
	c.that(ch.Window >= 1 && ch.Window <= 10000, "window", "%d is not between 1 and 10000", ch.Window)
	c.that(ch.RatePerSecond >= 0 && !math.IsInf(ch.RatePerSecond, 0), "ratePerSecond", "must be 0 or more")
	c.that(ch.RateUnit.valid(), "rateUnit", "%q is neither messages nor parts", ch.RateUnit)
	if q := ch.QuietHours; q != nil {
		c.that(q.From != q.To, "quietHours", "from and to are the same: pause the channel instead")
		c.that(q.From.valid(), "quietHours.from", "is not between 00:00 and 23:59")
		c.that(q.To.valid(), "quietHours.to", "is not between 00:00 and 23:59")
	}
	if ch.Fallback != "" {
		c.slug("fallback", ch.Fallback)
		c.that(ch.Fallback != ch.ID, "fallback", "a channel cannot take over from itself")
	}
	if ch.TokenExpires != "" {
		_, err := time.Parse(time.DateOnly, ch.TokenExpires)
		c.that(err == nil, "tokenExpires", "%q is no day: write it as 2027-01-31", ch.TokenExpires)
	}
	c.settings("settings", ch.Settings)
	return c.err()
}

// TokenEnds is when the provider's token ends, UTC; zero: nobody knows.
func (ch Channel) TokenEnds() time.Time {
	day, err := time.Parse(time.DateOnly, ch.TokenExpires)
	if err != nil {
		return time.Time{}
	}
	return day.AddDate(0, 0, 1)
}

// TimeOfDay is minutes after midnight on the wall clock, written "20:00".
type TimeOfDay int

func (t TimeOfDay) valid() bool { return t >= 0 && t < 24*60 }

// String returns "15:04".
func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", int(t)/60, int(t)%60) }

// MarshalText implements encoding.TextMarshaler.
func (t TimeOfDay) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *TimeOfDay) UnmarshalText(text []byte) error {
	v, err := time.Parse("15:04", string(text))
	if err != nil {
		return fmt.Errorf("time of day %q: write it as 20:00", text)
	}
	*t = TimeOfDay(v.Hour()*60 + v.Minute())
	return nil
}

// QuietHours is when a channel stays silent each day, on the wall clock of the
// authority: from From to To, across midnight when From is the later.
type QuietHours struct {
	From TimeOfDay `json:"from"`
	To   TimeOfDay `json:"to"`
}

// Until returns the end of the quiet hours that t is in, and whether it is in
// any. The wall clock decides, so that a change of hour moves nothing: 08:00
// is 08:00 on that day as on the others.
func (q QuietHours) Until(t time.Time, loc *time.Location) (time.Time, bool) {
	local := t.In(loc)
	at := TimeOfDay(local.Hour()*60 + local.Minute())
	var quiet bool
	if q.From <= q.To {
		quiet = at >= q.From && at < q.To
	} else {
		quiet = at >= q.From || at < q.To
	}
	if !quiet {
		return t, false
	}
	day := local.Day()
	if at >= q.To {
		day++
	}
	return time.Date(local.Year(), local.Month(), day, int(q.To)/60, int(q.To)%60, 0, 0, loc).UTC(), true
}
