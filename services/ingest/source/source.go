package source

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/fetch"
)

// A Source is read by polling.
type Source interface {
	// Fetch reads the source once. cur is what the last successful Fetch returned,
	// zero the first time. It returns the whole of what the source now shows, or
	// all that changed since cur, and the cursor for the next time, which is kept
	// only once the records are safe on the bus.
	//
	// [ErrUnchanged] says that nothing changed: it is a success, and the returned
	// cursor is kept. Any other error leaves cur as it was; it carries an outcome
	// of package events and no secret. Fetch is never called twice at once for
	// the same source; it returns soon after ctx ends.
	Fetch(ctx context.Context, cur Cursor) ([]Record, Cursor, error)
}

// A Listener is pushed to: the runner receives the request, bounds its body
// and hands it over.
type Listener interface {
	// Accept reads one pushed body. An error with events.ReasonUnauthorized or
	// events.ReasonInvalidContent refuses it; nothing is then published.
	// It is called concurrently.
	Accept(ctx context.Context, header http.Header, body []byte) ([]Record, error)
}

// A Watcher is a Source whose other side can say that something changed.
type Watcher interface {
	Source
	// Watch calls changed at each sign of a change, until ctx ends or the line
	// breaks; it is then called again after a while. It never runs twice at once for
	// one source. Polling goes on beside it.
	Watch(ctx context.Context, changed func()) error
}

// A Server answers requests under /hooks/<authority>/<source> itself: a protocol
// with challenges, a form. The path after the source's name is in the request's
// path value "rest".
type Server interface {
	// Serve answers r. publish returns once the records are safe on the bus; it
	// counts as one push. The body is not yet bounded. It is called concurrently.
	Serve(w http.ResponseWriter, r *http.Request, publish func(ctx context.Context, records []Record) error)
}

// A Leased source is pushed to under a lease, which its Fetch renews.
type Leased interface {
	// Lease is that of now, zero when there is none.
	Lease() Lease
}

// A Lease is what another side grants for a time.
type Lease struct {
	// Ends is when it ends, zero before it is granted.
	Ends time.Time
	// Renew is when Fetch should next be called for it, whatever it returns, zero for
	// no time of its own.
	Renew time.Time
	// Late says that it should have been renewed by now.
	Late bool
	// Refused says that the other side does not want to grant one.
	Refused bool
}

// ErrUnchanged is returned by Fetch when the source shows what it showed before.
var ErrUnchanged = errors.New("source unchanged")

// A Cursor is what is remembered between two fetches. It is kept small: 36,000
// of them live in memory.
type Cursor struct {
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"modified,omitempty"`
	// Body is a hash of the last body, 0 when there was none.
	Body uint64 `json:"body,omitempty"`
	// MovedTo is where the source moved for good, "" when it did not.
	MovedTo string `json:"movedTo,omitempty"`
	// State is the connector's own: a page token, the entries already followed.
	State json.RawMessage `json:"state,omitempty"`
}

// ReadAgain has the next fetch read all, though it does not change.
func (c *Cursor) ReadAgain() { c.ETag, c.LastModified, c.Body = "", "", 0 }

// A Record is one item of a source.
type Record struct {
	// Item is the source's own identifier, "" when it gives none: the runner then
	// derives one from the link, or the title and date.
	Item string
	// URL is where a person can read it, "" when nowhere.
	URL string
	// Value is a record.Entry or a record.Alert.
	Value any
	// Withdrawn says that the source took the item back; Value is ignored.
	Withdrawn bool
	// Refused says why this one item cannot be used; it is kept with that reason
	// and the others go on. See [InvalidError] to keep its body too.
	Refused error
}

// A Doer asks the outside world: fetch.Client, and the runner's politeness around it.
type Doer interface {
	Do(ctx context.Context, req fetch.Request) (*fetch.Response, error)
}

// Deps are what every connector is given.
type Deps struct {
	HTTP Doer
	// Now is the clock, in UTC.
	Now func() time.Time
	// Secret reads the secret a setting names: ${VARIABLE} or the name of a file.
	Secret func(reference string) (string, error)
	// Zones shares time zones; nil loads each anew.
	Zones *Zones
	// DialTLS connects to a mail server, host:port, through the guard.
	DialTLS func(ctx context.Context, address string) (net.Conn, error)
	// LookupTXT asks the domain name system; nil asks the system's resolver.
	LookupTXT func(ctx context.Context, name string) ([]string, error)
	// Callback is the public address at which a source is pushed to, "" when this
	// installation has none; nil for none.
	Callback func(authority, id string) string
	// Client names who sent a request, the same for all that one home or office
	// sends; nil for the address of the other end of the connection.
	Client func(r *http.Request) string
	// Secure tells whether a request came over TLS, proxies looked through; nil for
	// what the connection itself is.
	Secure func(r *http.Request) bool
	// Memory is shared by the two faces of a source that is polled and pushed to,
	// and by all processes; nil where there is none.
	Memory Memory
	// Media keeps files that sources send; nil where there is none.
	Media Media
}

// A File is one that a source sent.
type File struct {
	Name string // as the sender calls it, without folders
	Type string // media type, as the sender says
	Body []byte
}

// ErrNotKept is returned for a file of a form that is not kept, and for one that
// does not hold what its name says.
var ErrNotKept = errors.New("this kind of file is not kept")

// Media keeps files and says where people find them.
type Media interface {
	// Keep stores a file and returns where it is, with its type and its name. A
	// picture is first drawn again (package picture). Any error but [ErrNotKept] may
	// pass with time.
	Keep(ctx context.Context, f File) (record.Media, error)
}

// A Spec is one configured source.
type Spec struct {
	Authority string
	ID        string // within the authority
	Kind      string
	URL       string // "" for kinds that have none
	// Settings are the kind's own, YAML or JSON; see its example.yaml.
	Settings []byte
	// Every is the time between two fetches, 0 for the kind's own.
	Every time.Duration
	// StaleAfter is the silence that raises an alarm, 0 for one learned.
	StaleAfter time.Duration
	Paused     bool
}

// Key names the source among all: <authority>.<id>.
func (s Spec) Key() string { return s.Authority + "." + s.ID }

// A Kind describes a connector: its name, how to make it, and how its sources
// are to be treated.
type Kind struct {
	Name string
	// New validates spec and dials nothing. Its result is a [Source], a [Listener]
	// or a [Server], or a Source and one of the others.
	New func(deps Deps, spec Spec) (any, error)
	// Interval is the time between two fetches when the source's own configuration
	// says nothing: the runner moves between Least and Most as the source changes.
	Interval Interval
	// VanishWithdraws says that an item no longer shown no longer stands, as in a
	// list of what is in force. In a feed it has only scrolled out.
	VanishWithdraws bool
	// NeverEmpty says that a document without items is one that cannot be read any
	// more: never of what is in force, or of changes, where nothing is no news.
	NeverEmpty bool
	// Guess reports whether the answer of an address looks like this kind; nil where
	// a kind is never guessed.
	Guess func(res *fetch.Response) bool
	// Title reads what the source calls itself in an answer that Guess recognised,
	// "" when it does not say; nil for kinds whose documents have no title.
	Title func(res *fetch.Response) string
}

// An Interval bounds the time between two fetches.
type Interval struct {
	Least, Usual, Most time.Duration
}
