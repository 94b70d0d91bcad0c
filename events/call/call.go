package call

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
)

// Endpoint names one question and fixes the types of its request and reply.
type Endpoint[Req, Rep any] struct {
	Service string // the service that answers: publisher, audience
	Name    string // the question
}

// Subject is crieur.<service>.<name>.
func (e Endpoint[Req, Rep]) Subject() string { return "crieur." + e.Service + "." + e.Name }

const (
	headerReason     = "Crieur-Reason"
	headerKind       = "Crieur-Outcome"
	headerRetryAfter = "Crieur-Retry-After"
)

// Ask sends req and waits for the reply until ctx ends (5 s when it has no
// deadline). That nobody answers is transient.
func Ask[Req, Rep any](ctx context.Context, nc *nats.Conn, e Endpoint[Req, Rep], req Req) (Rep, error) {
	var rep Rep
	err := AskInto(ctx, nc, e, req, &rep)
	return rep, err
}

// AskInto is Ask with a reply whose slices may have room already.
func AskInto[Req, Rep any](ctx context.Context, nc *nats.Conn, e Endpoint[Req, Rep], req Req, rep *Rep) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
	}
	body, err := json.Marshal(req)
	if err != nil {
		return events.Permanentf(events.ReasonInternal, "call %s: encode: %w", e.Subject(), err)
	}
	msg, err := nc.RequestWithContext(ctx, e.Subject(), body)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return events.Transient(events.ReasonUnavailable, fmt.Errorf("call %s: no %s service answers", e.Subject(), e.Service), 0)
	case err != nil:
		return events.Transient(events.ReasonTimeout, fmt.Errorf("call %s: %w", e.Subject(), err), 0)
	}
	if text := msg.Header.Get(micro.ErrorHeader); text != "" {
		return remote(msg.Header, fmt.Errorf("call %s: %s", e.Subject(), text))
	}
	if err := json.Unmarshal(msg.Data, rep); err != nil {
		return events.Permanentf(events.ReasonInternal, "call %s: decode: %w", e.Subject(), err)
	}
	return nil
}

// remote gives back the outcome that the answering side marked its error with.
func remote(h nats.Header, err error) error {
	reason := events.Reason(h.Get(headerReason))
	if h.Get(headerKind) == events.PermanentFailure.String() {
		return events.Permanent(reason, err)
	}
	after, _ := time.ParseDuration(h.Get(headerRetryAfter))
	return events.Transient(reason, err, after)
}

// Server answers the questions of one service.
type Server struct {
	ctx context.Context
	svc micro.Service
}

// NewServer registers service with NATS. Handlers run with ctx; Stop ends it.
func NewServer(ctx context.Context, nc *nats.Conn, service, version string) (*Server, error) {
	svc, err := micro.AddService(nc, micro.Config{Name: "crieur-" + service, Version: version, Description: "Crieur " + service})
	if err != nil {
		return nil, fmt.Errorf("call: serve %s: %w", service, err)
	}
	return &Server{ctx: ctx, svc: svc}, nil
}

// Stop drains the endpoints.
func (s *Server) Stop() error { return s.svc.Stop() }

// concurrency bounds how many requests of one endpoint run at once.
const concurrency = 16

// Handle answers e with f, which may run concurrently with itself.
func Handle[Req, Rep any](s *Server, e Endpoint[Req, Rep], f func(context.Context, Req) (Rep, error)) error {
	slots := make(chan struct{}, concurrency)
	h := micro.ContextHandler(s.ctx, func(ctx context.Context, r micro.Request) {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		go func() {
			defer func() { <-slots }()
			answer(ctx, r, f)
		}()
	})
	if err := s.svc.AddEndpoint(e.Name, h, micro.WithEndpointSubject(e.Subject())); err != nil {
		return fmt.Errorf("call: endpoint %s: %w", e.Subject(), err)
	}
	return nil
}

// answer survives a handler that panics, as on what a stranger's page holds: the
// program goes on, and the asker is told.
func answer[Req, Rep any](ctx context.Context, r micro.Request, f func(context.Context, Req) (Rep, error)) {
	defer func() {
		if p := recover(); p != nil {
			fail(r, events.Transient(events.ReasonInternal, fmt.Errorf("panic: %T", p), 0))
		}
	}()
	var req Req
	if err := json.Unmarshal(r.Data(), &req); err != nil {
		fail(r, events.Permanentf(events.ReasonInvalidEvent, "request: %w", err))
		return
	}
	rep, err := f(ctx, req)
	if err != nil {
		fail(r, err)
		return
	}
	body, err := json.Marshal(rep)
	if err != nil {
		fail(r, events.Permanentf(events.ReasonInternal, "reply: %w", err))
		return
	}
	// The asker is gone when this fails; it will see its own timeout.
	_ = r.Respond(body)
}

func fail(r micro.Request, err error) {
	o := events.OutcomeOf(err)
	code := "503"
	if o.Kind == events.PermanentFailure {
		code = "400"
	}
	_ = r.Error(code, err.Error(), nil, micro.WithHeaders(micro.Headers{
		headerReason: {string(o.Reason)}, headerKind: {o.Kind.String()}, headerRetryAfter: {o.RetryAfter.String()},
	}))
}
