package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	heartbeatEvery = 15 * time.Second // under the 30 s after which common proxies close an idle connection
	eventTimeout   = 10 * time.Second // for one write to a slow client
	reconnectAfter = 3 * time.Second
)

// Event is one server-sent event. htmx swaps Data into the element with sse-swap="<Name>".
// https://html.spec.whatwg.org/multipage/server-sent-events.html
type Event struct {
	ID   string // where to go on from after a lost connection; optional
	Name string // "message" when empty
	Data string // any text, on any number of lines
}

// EventStream writes events to one browser. Safe for concurrent use.
type EventStream struct {
	LastID string // the last event the browser saw before it reconnected, or ""

	mu      sync.Mutex
	w       http.ResponseWriter
	control *http.ResponseController
}

// Events keeps a stream of server-sent events open while run runs. ctx ends when the browser leaves or when the
// server stops, which ends the contexts of its requests; run then returns. A comment is sent every 15 s so that proxies keep the connection.
func Events(w http.ResponseWriter, r *http.Request, run func(ctx context.Context, stream *EventStream) error) error {
	header := w.Header()
	header.Set("Content-Type", "text/event-stream; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	stream := &EventStream{LastID: r.Header.Get("Last-Event-ID"), w: w, control: http.NewResponseController(w)}
	if stream.LastID == "" {
		stream.LastID = r.URL.Query().Get("lastEventId")
	}
	if err := stream.write(fmt.Sprintf("retry: %d\n\n", reconnectAfter.Milliseconds())); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)

	var beating sync.WaitGroup
	beating.Go(func() { stream.beat(ctx, cancel) })
	err := run(ctx, stream)
	cancel(nil)
	beating.Wait() // nothing may write once the handler has returned
	return err
}

func (s *EventStream) beat(ctx context.Context, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(heartbeatEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := s.write(":\n\n"); err != nil {
				cancel(err)
				return
			}
		}
	}
}

// Send writes one event and flushes it. An error means that the browser is gone.
func (s *EventStream) Send(e Event) error {
	var b strings.Builder
	if e.ID != "" {
		b.WriteString("id: " + oneLine(e.ID) + "\n")
	}
	if e.Name != "" {
		b.WriteString("event: " + oneLine(e.Name) + "\n")
	}
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(e.Data)
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString("data: " + line + "\n")
	}
	b.WriteString("\n")
	return s.write(b.String())
}

func (s *EventStream) write(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Not every writer has deadlines (HTTP/2 in tests, recorders): the flush below tells the rest.
	_ = s.control.SetWriteDeadline(time.Now().Add(eventTimeout))
	if _, err := s.w.Write([]byte(text)); err != nil {
		return fmt.Errorf("web: events: %w", err)
	}
	if err := s.control.Flush(); err != nil {
		return fmt.Errorf("web: events: flush: %w", err)
	}
	return nil
}

func oneLine(s string) string { return strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(s) }
