package channel

import (
	"context"
	"encoding/json"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/panel"
)

// Profile is what a rendition depends on besides the publication and the
// channel's own settings.
type Profile struct {
	Endpoint  string         // sign, account or feed; empty for a batch
	Authority string         // the authority's name, as people know it
	Stream    string         // the stream's name
	Language  string         // BCP 47
	Zone      *time.Location // of its wall clock; nil: UTC
	Link      string         // the publication's public page: short, and proof that it is genuine
	// Abbreviations are the authority's table; nil: the built-in one.
	Abbreviations []panel.Abbreviation
	Shape         json.RawMessage // the endpoint's own profile, in the kind's form: a sign's rows and columns
}

// Channel renders publications. It is made for one authority's channel and is
// safe for concurrent use. Exactly one of Endpoint and Batch is implemented
// besides.
type Channel interface {
	// Render is pure. Its errors are permanent: the publication cannot be
	// shown on this channel as it is.
	Render(p events.Publication, profile Profile) (events.Rendition, error)
}

// Render renders what stands of a publication on a channel. Nothing else calls
// Channel.Render: what is withdrawn is kept from every kind here.
func Render(c Channel, p events.Publication, profile Profile) (events.Rendition, error) {
	return c.Render(Standing(p), profile)
}

// Endpoint is a channel that shows one thing to all: a sign, an account, a
// feed.
type Endpoint interface {
	Channel
	// Endpoints lists where p is to be shown, each with its profile.
	Endpoints(p events.Publication) []Profile
	// Deliver publishes. nil in the error means accepted.
	Deliver(ctx context.Context, post Post) (Result, error)
}

// Updater is an Endpoint that can change what it published. Without it a
// correction is published as a new post. Updating twice is the same as once, so
// that a lost answer is transient and never ambiguous.
type Updater interface {
	Update(ctx context.Context, post Post) (Result, error)
}

// Withdrawer is an Endpoint that can take back what it published. Without it
// a withdrawal ends as failed(unsupported). Withdrawing twice is the same as
// once, and what is gone already is withdrawn.
type Withdrawer interface {
	Withdraw(ctx context.Context, post Post) (Result, error)
}

// Idempotent is an Endpoint where publishing again what is already there
// changes nothing: after a crash the same post is simply sent again. Its
// method exists to be stated, and returns where the provider documents it.
type Idempotent interface {
	IdempotentBecause() string
}

// Reconciler tells what became of a publishing whose answer was lost, by asking
// the provider: list our own recent posts, query a message. It is asked about
// ActionPublish, and about an update that had nothing to change: other updates
// and withdrawals are simply done again. A transient error means that it cannot
// tell yet, such as when it could not look back as far as Delivery.CreatedAt;
// NeverPosted that it surely is not there.
type Reconciler interface {
	Reconcile(ctx context.Context, post Post) (Result, error)
}

// Previewer shows a rendition to an officer. It is pure.
type Previewer interface {
	Preview(r events.Rendition) (call.Preview, error)
}

// Called is a channel whose provider calls an address that somebody has to
// tell it: in its console, or to the mail server. Those that each message
// carries, and those of what is not set up, are left out.
type Called interface {
	CalledAt() []call.Inbound
}

// Teller is a channel that an authority's own people read, where its settings
// say so: Tells is false where residents may read it too. What is told is no
// publication, and nothing is kept of it.
type Teller interface {
	Tells() bool
	Tell(ctx context.Context, text, label, link string) error
}

// Runner is a channel with work of its own: sessions to keep, sign states to
// publish. Run is called once, and returns when ctx ends.
type Runner interface {
	Run(ctx context.Context) error
}

// Post is one delivery to one endpoint.
type Post struct {
	Delivery events.Delivery
	Remote   string // what the provider called the earlier revision; empty when there is none
}

// Batch is a channel that writes to subscribers.
type Batch interface {
	Channel
	// Window is how many recipients may be with the provider without an
	// answer. Audience makes batches of half of it.
	Window() int
	// DeliverBatch calls done exactly once for each contact, as answers come
	// and from any goroutine, and returns after the last. A contact without an
	// address is never passed. When ctx ends, what was not handed to the
	// provider is transient and what was is ambiguous.
	DeliverBatch(ctx context.Context, batch Send, done func(i int, r Result))
}

// Send is one rendition to some contacts.
type Send struct {
	Delivery events.Delivery // without its subscribers
	Contacts []call.Contact
}

// Result is what became of one recipient.
type Result struct {
	Outcome      events.Outcome
	Remote       string    // what the provider calls it: how later receipts are matched
	At           time.Time // the provider's time where it gives one, else ours; UTC
	Units        int       // parts or pages counted
	CostMicroEUR int64
	Delivered    bool // shown or handed over already: no later receipt will come
}

// Failed is the result of an error.
func Failed(err error, at time.Time) Result {
	return Result{Outcome: events.OutcomeOf(err), At: at}
}

// Ambiguous reports whether the provider may have accepted.
func (r Result) Ambiguous() bool {
	return r.Outcome.Kind == events.TransientFailure && r.Outcome.Reason == events.ReasonAmbiguous
}

// Retry reports whether sending again is safe and may help.
func (r Result) Retry() bool { return r.Outcome.Kind == events.TransientFailure && !r.Ambiguous() }

// Status is the receipt's status for r. A result to retry has none: it is
// accepted, that is pending.
func (r Result) Status() events.ReceiptStatus {
	switch {
	case r.Outcome.Kind == events.Done && r.Delivered:
		return events.StatusDelivered
	case r.Outcome.Kind == events.Done:
		return events.StatusSent
	case r.Outcome.Kind == events.PermanentFailure:
		return events.StatusFailed
	case r.Ambiguous():
		return events.StatusUnknown
	default:
		return events.StatusAccepted
	}
}
