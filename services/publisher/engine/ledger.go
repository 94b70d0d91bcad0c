package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/bus"
)

// state is how far an entry is.
type state string

const (
	stateIntent state = "intent" // handed to the provider, or about to be
	stateDone   state = "done"   // every recipient of the attempt has an outcome
)

// headerState lets a sweep read states without bodies.
const headerState = "Crieur-State"

// record is one recipient's line in the ledger.
type record struct {
	id      string
	status  events.ReceiptStatus // accepted is pending: to be tried again
	reason  events.Reason
	remote  string // the provider's name for it
	at      time.Time
	units   int
	cost    int64
	dups    int    // sent again after crashes
	attempt int    // that ended it
	via     string // the channel that took over; empty: the delivery's own
}

func (r *record) pending() bool { return r.status == events.StatusAccepted }

// recipient is what a receipt says. What an unknown message cost is told once it
// is known to have left.
func (r *record) recipient() events.Recipient {
	to := events.Recipient{
		ID: r.id, Status: r.status, Reason: r.reason, At: r.at,
		Units: r.units, CostMicroEUR: r.cost, Duplicates: r.dups, Via: r.via,
	}
	if r.status == events.StatusUnknown {
		to.Units, to.CostMicroEUR = 0, 0
	}
	return to
}

// entry is a delivery in the ledger: a line of JSON with the delivery, without
// its text for a batch, then a line of tab-separated fields a recipient.
type entry struct {
	state    state
	attempt  int // 1 the first time
	share    share
	delivery events.Delivery
	records  []record

	written []byte // the delivery as JSON, the same in every state
}

// share says which recipients of a delivery an entry is about. The zero share
// is all of them.
type share struct {
	Part int  `json:"part"` // from 0
	Of   int  `json:"of"`   // parts; 0 for an entry that is the whole delivery's
	Size int  `json:"size"` // of each part but the last
	Told bool `json:"told"` // it has receipts of its own, and is in none of the whole delivery's
}

// name is the entry's in the ledger.
func (s share) name(delivery string) string {
	if s.Of == 0 {
		return delivery
	}
	return delivery + "." + strconv.Itoa(s.Part)
}

func (e *entry) name() string { return e.share.name(e.delivery.ID) }

type entryHead struct {
	State    state           `json:"state"`
	Attempt  int             `json:"attempt"`
	Share    share           `json:"share"`
	Delivery events.Delivery `json:"delivery"`
}

func (e *entry) encode() ([]byte, error) {
	if e.written == nil {
		d := e.delivery
		d.Subscribers = nil
		if d.Endpoint == "" {
			d.Rendition.Body, d.Rendition.Text, d.Rendition.Warnings = nil, "", nil
		}
		if d.Rendition.Body == nil {
			d.Rendition.Body = json.RawMessage("null")
		}
		var err error
		if e.written, err = json.Marshal(d); err != nil {
			return nil, fmt.Errorf("ledger: %s: encode: %w", d.ID, err)
		}
	}
	b := make([]byte, 0, 64+len(e.written)+96*len(e.records))
	b = append(append(b, `{"state":"`...), e.state...)
	b = strconv.AppendInt(append(b, `","attempt":`...), int64(e.attempt), 10)
	if e.share.Of > 0 {
		b = e.share.append(b)
	}
	b = append(append(append(b, `,"delivery":`...), e.written...), "}\n"...)
	for i := range e.records {
		b = e.records[i].append(b)
	}
	return b, nil
}

func (s share) append(b []byte) []byte {
	b = strconv.AppendInt(append(b, `,"share":{"part":`...), int64(s.Part), 10)
	b = strconv.AppendInt(append(b, `,"of":`...), int64(s.Of), 10)
	b = strconv.AppendInt(append(b, `,"size":`...), int64(s.Size), 10)
	b = strconv.AppendBool(append(b, `,"told":`...), s.Told)
	return append(b, '}')
}

func (r *record) append(b []byte) []byte {
	b = append(append(b, r.id...), '\t')
	b = append(append(b, r.status...), '\t')
	b = append(append(b, r.reason...), '\t')
	b = append(strconv.AppendQuote(b, r.remote), '\t')
	b = append(strconv.AppendInt(b, r.at.UnixMilli(), 10), '\t')
	b = append(strconv.AppendInt(b, int64(r.units), 10), '\t')
	b = append(strconv.AppendInt(b, r.cost, 10), '\t')
	b = append(strconv.AppendInt(b, int64(r.dups), 10), '\t')
	b = append(strconv.AppendInt(b, int64(r.attempt), 10), '\t')
	return append(append(b, r.via...), '\n')
}

func decodeEntry(body []byte) (*entry, error) {
	head, rest, _ := bytes.Cut(body, []byte("\n"))
	var h entryHead
	if err := json.Unmarshal(head, &h); err != nil {
		return nil, events.Permanentf(events.ReasonInvalidEvent, "ledger: entry: %w", err)
	}
	e := &entry{state: h.State, attempt: h.Attempt, share: h.Share, delivery: h.Delivery}
	e.records = make([]record, 0, bytes.Count(rest, []byte("\n")))
	for line := range strings.Lines(string(rest)) {
		r, err := decodeRecord(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, events.Permanentf(events.ReasonInvalidEvent, "ledger: entry %s: line %d: %w", h.Delivery.ID, len(e.records)+2, err)
		}
		e.records = append(e.records, r)
	}
	return e, nil
}

func decodeRecord(line string) (record, error) {
	f := strings.Split(line, "\t")
	if len(f) == 9 { // written before channels took over from each other
		f = append(f, "")
	}
	if len(f) != 10 {
		return record{}, fmt.Errorf("%d fields, 10 wanted", len(f))
	}
	remote, e1 := strconv.Unquote(f[3])
	ms, e2 := strconv.ParseInt(f[4], 10, 64)
	units, e3 := strconv.Atoi(f[5])
	cost, e4 := strconv.ParseInt(f[6], 10, 64)
	dups, e5 := strconv.Atoi(f[7])
	attempt, e6 := strconv.Atoi(f[8])
	return record{
		id: f[0], status: events.ReceiptStatus(f[1]), reason: events.Reason(f[2]), remote: remote,
		at: time.UnixMilli(ms).UTC(), units: units, cost: cost, dups: dups, attempt: attempt, via: f[9],
	}, errors.Join(e1, e2, e3, e4, e5, e6)
}

// errExists tells that another attempt or process wrote first.
var errExists = errors.New("ledger: entry exists")

// Ledger is the key-value bucket of intents and outcomes. Puts of concurrent
// deliveries are pipelined.
type Ledger struct {
	js jetstream.JetStream
	kv jetstream.KeyValue
}

// NewLedger returns the ledger kept in kv.
func NewLedger(js jetstream.JetStream, kv jetstream.KeyValue) *Ledger { return &Ledger{js: js, kv: kv} }

const deliveryKeys = "delivery."

func ledgerKey(name string) string { return deliveryKeys + name }

// get returns an entry by its name, a delivery's unless it is in parts, and its
// revision; nil when there is none.
func (l *Ledger) get(ctx context.Context, name string) (*entry, uint64, error) {
	kve, err := l.kv.Get(ctx, ledgerKey(name))
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound), errors.Is(err, jetstream.ErrKeyDeleted):
		return nil, 0, nil
	case err != nil:
		return nil, 0, events.Transient(events.ReasonUnavailable, fmt.Errorf("ledger: get %s: %w", name, err), 0)
	}
	e, err := decodeEntry(kve.Value())
	return e, kve.Revision(), err
}

// readTime bounds the reading of a delivery's parts: a watch whose server is
// lost says nothing.
const readTime = 10 * time.Second

// held is an entry as the ledger has it.
type held struct {
	entry    *entry
	revision uint64
}

// all returns what the ledger has of a delivery: its entry, or those of its
// parts, in no order.
func (l *Ledger) all(ctx context.Context, delivery string) ([]held, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	key := ledgerKey(delivery)
	w, err := l.kv.WatchFiltered(ctx, []string{key, key + ".*"}, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, events.Transient(events.ReasonUnavailable, fmt.Errorf("ledger: read %s: %w", delivery, err), 0)
	}
	defer func() { _ = w.Stop() }() // all was read
	var list []held
	for {
		select {
		case kve, open := <-w.Updates():
			if !open {
				return nil, events.Transient(events.ReasonUnavailable, fmt.Errorf("ledger: read %s: the watch ended", delivery), 0)
			}
			if kve == nil {
				return list, nil
			}
			en, err := decodeEntry(kve.Value())
			if err != nil {
				return nil, err
			}
			list = append(list, held{en, kve.Revision()})
		case <-ctx.Done():
			return nil, events.Transient(events.ReasonTimeout, ctx.Err(), 0)
		}
	}
}

// put stores e if the key is still at revision (0: does not exist) and returns
// the new revision: errExists otherwise.
func (l *Ledger) put(ctx context.Context, e *entry, revision uint64) (uint64, error) {
	msg, err := l.write(e, revision)
	if err != nil {
		return 0, err
	}
	return l.send(msg, e.name()).wait(ctx)
}

// kept is how long an entry outlives its delivery: longer than the 72 hours
// within which providers report.
const kept = 7 * 24 * time.Hour

// life is how long e is to be kept from now on: a delivery that comes again must
// find what was sent of it.
func (e *entry) life(now time.Time) time.Duration {
	return max(e.delivery.Expires.Sub(now), 0) + kept
}

// write is the message that puts e.
func (l *Ledger) write(e *entry, revision uint64) (*nats.Msg, error) {
	body, err := e.encode()
	if err != nil {
		return nil, err
	}
	msg := nats.NewMsg("$KV." + l.kv.Bucket() + "." + ledgerKey(e.name()))
	msg.Data = body
	msg.Header.Set(headerState, string(e.state))
	msg.Header.Set(jetstream.MsgTTLHeader, strconv.Itoa(int(e.life(time.Now())/time.Second)))
	msg.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(revision, 10))
	return msg, nil
}

// putting is a put on its way. The server stores those of one connection in
// the order in which they were sent.
type putting struct {
	name   string
	future jetstream.PubAckFuture
	err    error
}

func (l *Ledger) send(msg *nats.Msg, name string) putting {
	future, err := l.js.PublishMsgAsync(msg)
	return putting{name: name, future: future, err: err}
}

// wait returns the new revision once the put is stored.
func (p putting) wait(ctx context.Context) (uint64, error) {
	err := p.err
	if err == nil {
		select {
		case ack := <-p.future.Ok():
			return ack.Sequence, nil
		case err = <-p.future.Err():
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if bus.IsConflict(err) {
		return 0, errExists
	}
	return 0, events.Transient(events.ReasonUnavailable, fmt.Errorf("ledger: put %s: %w", p.name, err), 0)
}
