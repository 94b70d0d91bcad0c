package portal

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/audience/vault"
	"github.com/crieur/crieur/services/web"
)

// ChannelPortal is the channel and kind of the receipts that the portal makes.
const ChannelPortal = "portal"

const (
	feedbackQueue = 4096
	feedbackGroup = 256
	feedbackWait  = 200 * time.Millisecond
)

// feedback stores what visitors do, in groups and without making them wait.
// A full queue drops: a click lost is better than a page late.
type feedback struct {
	log   *slog.Logger
	queue chan events.Receipt

	mu   sync.Mutex
	day  int
	salt string
}

func newFeedback(log *slog.Logger) *feedback {
	return &feedback{log: log, queue: make(chan events.Receipt, feedbackQueue)}
}

// visitor names who asks, for one day: enough to count him once, not to follow
// him. The salt is never stored.
func (f *feedback) visitor(r *http.Request, now time.Time) string {
	f.mu.Lock()
	if f.day != now.YearDay() || f.salt == "" {
		f.day, f.salt = now.YearDay(), rand.Text()
	}
	salt := f.salt
	f.mu.Unlock()
	return "v" + events.NewID(salt, web.ClientKey(r), r.UserAgent())[:13]
}

func (f *feedback) put(rc events.Receipt) {
	select {
	case f.queue <- rc:
	default:
		f.log.Warn("portal: a visitor's receipt is dropped: the queue is full", "authority", rc.Authority)
	}
}

// run stores until ctx ends, and what is left then.
func (f *feedback) run(ctx context.Context, emit func(context.Context, ...events.Event) error) {
	for {
		var evs []events.Event
		select {
		case <-ctx.Done():
			f.flush(ctx, emit, f.more(ctx, nil, 0))
			return
		case rc := <-f.queue:
			evs = append(evs, rc)
		}
		f.flush(ctx, emit, f.more(ctx, evs, feedbackWait))
	}
}

// more adds what comes within a while.
func (f *feedback) more(ctx context.Context, evs []events.Event, wait time.Duration) []events.Event {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for len(evs) < feedbackGroup {
		select {
		case rc := <-f.queue:
			evs = append(evs, rc)
			continue
		default:
		}
		if ctx.Err() != nil {
			return evs
		}
		select {
		case rc := <-f.queue:
			evs = append(evs, rc)
		case <-timer.C:
			return evs
		case <-ctx.Done():
		}
	}
	return evs
}

func (f *feedback) flush(ctx context.Context, emit func(context.Context, ...events.Event) error, evs []events.Event) {
	if len(evs) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := emit(ctx, evs...); err != nil {
		f.log.Error("portal: visitors' receipts are lost", "err", err)
	}
}

// receipt is what somebody did with a publication: once a day and person.
func receipt(p events.Publication, status events.ReceiptStatus, who string, now time.Time) events.Receipt {
	d := events.Delivery{
		ID:          events.DeliveryID(p.ID, p.Revision, ChannelPortal, "page", 0),
		Publication: p.ID, Revision: p.Revision, Authority: p.Authority, Stream: p.Stream, Channel: ChannelPortal,
		Kind: ChannelPortal, Class: p.Class, Topic: p.Topic, SourceAt: p.SourceAt, FetchedAt: p.FetchedAt, ApprovedAt: p.At,
	}
	step := "click-" + events.NewID(string(status), who, now.Format(time.DateOnly))
	return events.NewReceipt(d, step, now, []events.Recipient{{ID: who, Status: status, At: now}})
}

// who is the subscriber of a token, or the day's visitor.
func (p *Portal) who(r *http.Request, b *Backend) string {
	if token := r.FormValue("s"); token != "" {
		if ordinal, check, ok := p.cfg.Master.ReadToken(vault.Manage, token); ok && check() {
			if id, ok := b.Model.ID(ordinal); ok {
				return id
			}
		}
	}
	return p.feedback.visitor(r, p.cfg.Now())
}

// shortLink is the address in an SMS: it counts the click, but for machines
// that look ahead, and leads to the page.
func (p *Portal) shortLink(w http.ResponseWriter, r *http.Request, b *Backend) error {
	list, err := p.board.find(r.Context(), b.JetStream, r.PathValue("id"))
	if err != nil {
		return err
	}
	if len(list) == 0 {
		// The address in a message that carries a code: where it is entered.
		if ordinal, ok := b.Model.Waiting(r.PathValue("id")); ok && len(r.PathValue("id")) >= shortChars {
			private(w)
			http.Redirect(w, r, "/abonnement/"+p.cfg.Master.Token(vault.Enter, ordinal), http.StatusFound)
			return nil
		}
		return errNotFound
	}
	last := list[len(list)-1]
	ahead := strings.Contains(r.Header.Get("Sec-Purpose")+r.Header.Get("Purpose"), "prefetch")
	if _, ok := p.limits.voice.Allow(web.ClientKey(r)); ok && r.Method == http.MethodGet && !ahead {
		p.feedback.put(receipt(last, events.StatusClicked, p.who(r, b), p.cfg.Now()))
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/c/"+last.Authority+"/p/"+last.ID, http.StatusFound)
	return nil
}

// voice takes useful or not useful.
func (p *Portal) voice(w http.ResponseWriter, r *http.Request, b *Backend) error {
	a, list, err := p.revisions(r, b)
	if err != nil {
		return err
	}
	if after, ok := p.limits.voice.Allow(web.ClientKey(r)); !ok {
		p.pages.TooMany(w, r, after)
		return nil
	}
	status := events.ReceiptStatus(r.FormValue("avis"))
	if status != events.StatusUseful && status != events.StatusNotUseful {
		p.pages.Error(w, r, http.StatusBadRequest)
		return nil
	}
	last := list[len(list)-1]
	p.feedback.put(receipt(last, status, p.who(r, b), p.cfg.Now()))
	p.pages.Flash(w, r, web.Success, p.pages.Translator(r).T("voice.thanks"))
	web.SeeOther(w, r, "/c/"+a.ID+"/p/"+last.ID)
	return nil
}
