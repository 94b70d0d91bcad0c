package item

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
)

// Why an officer's action is refused. The console says each in its reader's
// words.
var (
	ErrState    = errors.New("the item's state does not allow this")
	ErrAgain    = errors.New("the same officer has approved already: another one must")
	ErrExpired  = errors.New("the item has expired, or would before it is sent")
	ErrNoReason = errors.New("a reason is required")
	ErrChannels = errors.New("at least one channel of the stream is required")
	ErrTitle    = errors.New("a title is required")
)

// Rules are what applies to an item when an officer acts on it.
type Rules struct {
	Authority registry.Authority
	Stream    registry.Stream
}

// Needed is how many different officers must approve what the item would
// publish now, at least one. A State alert that an officer has reworded is no
// longer the State's word: it needs two like any alert. Withdrawing needs one:
// what is wrong must not stay for want of a colleague.
func (it Item) Needed(r Rules) int {
	if it.Cancelled {
		return 1
	}
	trust := it.Trust
	if it.Draft != nil && (!sameWords(it.Draft.Content, it.Message.Content) || len(it.Draft.Variants) > 0 && !slices.EqualFunc(it.Draft.Variants, it.Message.Variants, sameWords)) {
		trust = registry.TrustOwn
	}
	return max(r.Stream.Approvals(r.Authority, it.Message.Class, trust), 1)
}

func sameWords(a, b events.Content) bool {
	return a.Title == b.Title && a.Summary == b.Summary && a.Text == b.Text && a.Instruction == b.Instruction
}

func (it Item) refuse(action string) error {
	return fmt.Errorf("item %s: %s in state %s: %w", it.ID, action, it.State, ErrState)
}

// Write keeps an officer's edit. Every approval is asked for again. On a
// published item it begins a correction.
func (it *Item) Write(d Draft, r Rules, now time.Time) error {
	if it.Outgoing != nil || it.State != Pending && it.State != Scheduled && it.State != Published {
		return it.refuse(ActionEdit)
	}
	d.Content.Title = strings.TrimSpace(d.Content.Title)
	if d.Content.Title == "" {
		return fmt.Errorf("item %s: title: %w", it.ID, ErrTitle)
	}
	d.Channels = slices.DeleteFunc(slices.Clone(d.Channels), func(id string) bool { return !slices.Contains(r.Stream.Channels, id) })
	if len(d.Channels) == 0 {
		return fmt.Errorf("item %s: channels: %w", it.ID, ErrChannels)
	}
	if !d.Expires.After(now) {
		return fmt.Errorf("item %s: expires: %w", it.ID, ErrExpired)
	}
	d.At = now.UTC()
	if d.Content.Text != it.Content().Text {
		d.Content.HTML = "" // it is the source's, and says what was before
	}
	it.Draft, it.Expires, it.Approvals, it.NotBefore, it.State = &d, d.Expires.UTC(), nil, time.Time{}, Pending
	it.Changed = false
	it.note(Change{Actor: d.By, Action: ActionEdit, At: now})
	return nil
}

// Approve adds an officer's approval. With the last one needed, the item
// leaves at once, or waits for notBefore when it is later. It reports whether
// the approvals are complete.
func (it *Item) Approve(by string, r Rules, notBefore, now time.Time) (complete bool, err error) {
	switch {
	case it.Outgoing != nil || it.State != Pending:
		return false, it.refuse(ActionApprove)
	case it.ApprovedBy(by):
		return false, fmt.Errorf("item %s: %w", it.ID, ErrAgain)
	case !it.Cancelled && (!it.Expires.After(now) || !it.Expires.After(notBefore)):
		return false, fmt.Errorf("item %s: %w", it.ID, ErrExpired)
	case !it.Cancelled && len(it.channels(r.Stream)) == 0:
		return false, fmt.Errorf("item %s: %w", it.ID, ErrChannels)
	}
	it.Approvals = append(it.Approvals, Approval{By: by, At: now.UTC()})
	if notBefore.After(now) {
		it.NotBefore = notBefore.UTC()
	}
	needed := it.Needed(r)
	it.note(Change{Actor: by, Action: ActionApprove, At: now, Detail: map[string]string{"approvals": fmt.Sprintf("%d/%d", len(it.Approvals), needed)}})
	if len(it.Approvals) < needed {
		return false, nil
	}
	if it.NotBefore.After(now) && !it.Cancelled {
		it.State = Scheduled
		action := ActionSchedule
		if it.Held() {
			action = ActionHold
		}
		it.note(Change{Actor: by, Action: action, At: now, Detail: map[string]string{"notBefore": it.NotBefore.Format(time.RFC3339)}})
		return true, nil
	}
	it.leave(r.Stream, now)
	return true, nil
}

// Release makes a scheduled item leave.
func (it *Item) Release(r Rules, now time.Time) error {
	if !it.Due(now) {
		return it.refuse(ActionPublish)
	}
	it.leave(r.Stream, now)
	return nil
}

// leave writes what the approvals are for in Outgoing.
func (it *Item) leave(s registry.Stream, now time.Time) {
	by := make([]string, len(it.Approvals))
	for i, a := range it.Approvals {
		by[i] = a.By
	}
	switch {
	case it.Cancelled:
		it.Reason = reasonSource
		it.withdraw(ActionWithdraw, by, now)
	case it.Live():
		it.publish(s, ActionCorrect, by, now)
	default:
		it.publish(s, ActionPublish, by, now)
	}
}

// Reject puts aside what is under review or scheduled. A correction that is
// refused leaves what was published as it is.
func (it *Item) Reject(by, reason string, now time.Time) error {
	if it.Outgoing != nil || it.State != Pending && it.State != Scheduled {
		return it.refuse(ActionReject)
	}
	it.Approvals, it.NotBefore, it.Changed, it.Cancelled = nil, time.Time{}, false, false
	it.State, it.Reason = Rejected, reason
	if it.Live() {
		it.State, it.Draft, it.Reason, it.Expires = Published, nil, "", it.Last.Expires
	}
	it.note(Change{Actor: by, Action: ActionReject, At: now, Detail: detail("reason", reason)})
	return nil
}

// Restore puts before review what was rejected or covered, or takes back from
// the schedule.
func (it *Item) Restore(by string, now time.Time) error {
	if it.Outgoing != nil || it.State != Rejected && it.State != Covered && it.State != Scheduled {
		return it.refuse(ActionRestore)
	}
	if !it.Expires.After(now) {
		return fmt.Errorf("item %s: %w", it.ID, ErrExpired)
	}
	it.review(false)
	it.note(Change{Actor: by, Action: ActionRestore, At: now})
	return nil
}

// Withdraw takes back what residents are shown, for a reason that they may
// read.
func (it *Item) Withdraw(by, reason string, now time.Time) error {
	if it.Outgoing != nil || !it.Live() || it.State != Published && it.State != Pending && it.State != Scheduled {
		return it.refuse(ActionWithdraw)
	}
	if strings.TrimSpace(reason) == "" {
		return fmt.Errorf("item %s: %w", it.ID, ErrNoReason)
	}
	it.Reason = reason
	it.withdraw(ActionWithdraw, []string{by}, now)
	return nil
}

func detail(key, value string) map[string]string {
	if value == "" {
		return nil
	}
	return map[string]string{key: value}
}

// Reset drops the officer's edit: what is shown is again what the source says.
func (it *Item) Reset(by string, now time.Time) error {
	if it.Outgoing != nil || it.State != Pending && it.State != Scheduled || it.Draft == nil {
		return it.refuse(ActionEdit)
	}
	it.Draft = nil
	it.review(false)
	it.Changed = false
	it.note(Change{Actor: by, Action: ActionEdit, At: now, Detail: map[string]string{"to": "source"}})
	return nil
}
