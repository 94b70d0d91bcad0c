package item

import (
	"fmt"
	"slices"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
)

// State is where an item stands.
type State string

// The states.
const (
	Received  State = "received"       // on its way out by rule
	Pending   State = "pending_review" // à valider
	Scheduled State = "scheduled"
	Published State = "published"
	Expired   State = "expired"
	Rejected  State = "rejected"
	Withdrawn State = "withdrawn" // it was published, and is no more
	Covered   State = "covered"   // another item says the same incident
)

// States returns the states, in the order of the path.
func States() []State {
	return []State{Received, Pending, Scheduled, Published, Expired, Rejected, Withdrawn, Covered}
}

// Ended reports whether nothing happens any more unless the source or an
// officer changes something.
func (s State) Ended() bool {
	return s == Expired || s == Rejected || s == Withdrawn || s == Covered
}

// Item is a message on a stream.
type Item struct {
	ID        string         `json:"id"` // events.PublicationID(Authority, Stream, Message.ID)
	Authority string         `json:"authority"`
	Stream    string         `json:"stream"`
	State     State          `json:"state"`
	Message   events.Message `json:"message"`         // the source's last revision
	Trace     string         `json:"trace,omitempty"` // its W3C traceparent: what is published goes on in its trace
	Trust     registry.Trust `json:"trust"`           // of its source
	Draft     *Draft         `json:"draft,omitempty"` // the officer's edit; nil: as the source says
	Approvals []Approval     `json:"approvals,omitempty"`
	NotBefore time.Time      `json:"notBefore,omitzero"` // when scheduled
	Expires   time.Time      `json:"expires"`            // of what is shown now
	// Changed says that the source changed after an officer wrote, approved or
	// published: the officer sees the difference.
	Changed bool `json:"changed,omitempty"`
	// Cancelled says that the source withdrew it; approving withdraws it.
	Cancelled bool                `json:"cancelled,omitempty"`
	CoveredBy string              `json:"coveredBy,omitempty"` // item that says the same incident
	Reason    string              `json:"reason,omitempty"`    // of a rejection or withdrawal, in words
	Outgoing  *events.Publication `json:"outgoing,omitempty"`  // to be stored on the bus
	Last      *events.Publication `json:"last,omitempty"`      // the last stored
	History   []Change            `json:"history,omitempty"`   // the last MaxHistory changes
	Changes   int                 `json:"changes"`             // how many there ever were
	Audited   int                 `json:"audited"`             // how many are in the audit chain
	CreatedAt time.Time           `json:"createdAt"`
	UpdatedAt time.Time           `json:"updatedAt"`
}

// Draft is what an officer wrote, whole: it replaces the source's.
type Draft struct {
	Content   events.Content    `json:"content"`
	Onset     *time.Time        `json:"onset,omitempty"`
	Ends      *time.Time        `json:"ends,omitempty"`
	Expires   time.Time         `json:"expires"`
	Channels  []string          `json:"channels"` // of the stream's, those to use
	Overrides []events.Override `json:"overrides,omitempty"`
	// Variants are the same in other words: plain language ("fr-simple", the
	// registered subtag of BCP 47) and translations.
	Variants []events.Content `json:"variants,omitempty"`
	By       string           `json:"by"`
	At       time.Time        `json:"at"`
}

// Approval is one officer's.
type Approval struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// MaxHistory bounds History; the audit chain keeps everything.
const MaxHistory = 100

// Change is one line of the history. Action is verb.object, as in the audit.
type Change struct {
	Actor  string            `json:"actor"` // officer ID, "rule:<stream>", "source:<source>" or "system"
	Action string            `json:"action"`
	At     time.Time         `json:"at"`
	Detail map[string]string `json:"detail,omitempty"`
	// Quiet changes are the source's or the clock's own: the events themselves
	// are their record, and the audit chain does not repeat them.
	Quiet bool `json:"quiet,omitempty"`
}

// The actions.
const (
	ActionReceive  = "receive.item"
	ActionUpdate   = "update.item" // the source changed
	ActionCancel   = "cancel.item" // the source withdrew
	ActionEdit     = "edit.item"
	ActionApprove  = "approve.item"
	ActionSchedule = "schedule.item"
	ActionHold     = "hold.item" // approved, and held back a moment to be undone
	ActionPublish  = "publish.item"
	ActionCorrect  = "correct.item"
	ActionWithdraw = "withdraw.item"
	ActionReject   = "reject.item"
	ActionRestore  = "restore.item"
	ActionCover    = "cover.item"
	ActionExpire   = "expire.item"
)

// Key is that of the repository: {Authority, Stream, ID}.
func (it Item) Key() registry.Key { return registry.Key{it.Authority, it.Stream, it.ID} }

// Validate names the first wrong field.
func (it Item) Validate() error {
	switch {
	case it.ID == "" || it.ID != events.PublicationID(it.Authority, it.Stream, it.Message.ID):
		return fmt.Errorf("item: id: %q is not that of its authority, stream and message", it.ID)
	case !slices.Contains(States(), it.State):
		return fmt.Errorf("item %s: state: %q is not one of %v", it.ID, it.State, States())
	case it.Outgoing != nil && it.Last != nil && it.Outgoing.Revision <= it.Last.Revision:
		return fmt.Errorf("item %s: outgoing: revision %d is not after %d", it.ID, it.Outgoing.Revision, it.Last.Revision)
	}
	return nil
}

// Content is what people would read now: the officer's, else the source's.
func (it Item) Content() events.Content {
	if it.Draft != nil {
		return it.Draft.Content
	}
	return it.Message.Content
}

// Variants are the officer's, else the source's: translations of what an
// officer rewrote would say something else.
func (it Item) Variants() []events.Content {
	if it.Draft != nil {
		return it.Draft.Variants
	}
	return it.Message.Variants
}

// Onset and Ends are when the subject begins and ends, nil when not known.
func (it Item) Onset() *time.Time {
	if it.Draft != nil {
		return it.Draft.Onset
	}
	return it.Message.Onset
}

// Ends is when the subject ends, nil when not known.
func (it Item) Ends() *time.Time {
	if it.Draft != nil {
		return it.Draft.Ends
	}
	return it.Message.Ends
}

// Revision is that of the last publication, 0 before the first.
func (it Item) Revision() int {
	if it.Last == nil {
		return 0
	}
	return it.Last.Revision
}

// Live reports whether residents are shown it now.
func (it Item) Live() bool {
	return it.Last != nil && it.Last.MsgType != events.MsgCancel && it.State != Expired
}

// ApprovedBy reports whether an officer has approved what is shown now.
func (it Item) ApprovedBy(officer string) bool {
	return slices.ContainsFunc(it.Approvals, func(a Approval) bool { return a.By == officer })
}

// held is the longest that an approval is held back to be undone: what is asked
// for within it leaves as good as at once, and nobody has scheduled anything.
const held = time.Minute

// Held reports whether an approved item is only held back a moment.
func (it Item) Held() bool {
	n := len(it.Approvals)
	return it.State == Scheduled && n > 0 && it.NotBefore.Sub(it.Approvals[n-1].At) <= held
}

// note adds a line to the history.
func (it *Item) note(c Change) {
	c.At = c.At.UTC()
	it.History = append(it.History, c)
	if extra := len(it.History) - MaxHistory; extra > 0 {
		it.History = slices.Clone(it.History[extra:])
	}
	it.Changes++
	it.UpdatedAt = c.At
}

// Unaudited returns the changes that are not in the audit chain yet, and the
// number of the first of them, from 0.
func (it Item) Unaudited() (first int, changes []Change) {
	n := min(max(it.Changes-it.Audited, 0), len(it.History))
	return it.Changes - n, it.History[len(it.History)-n:]
}
