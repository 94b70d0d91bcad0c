package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// Config is a pool's settings.
type Config struct {
	Address string // host:port
	TLS     bool   // by the system's authorities
	Binds   int
	Bind    BindConfig
	Logger  *slog.Logger // without contents
}

// Pool keeps some binds with one SMSC. It is safe for concurrent use.
type Pool struct {
	cfg     Config
	handler Handler

	mu      sync.Mutex
	bound   []*bind
	changed chan struct{} // closed at the next change of bound
	last    error         // why the last bind ended
}

// NewPool returns a pool. Run connects.
func NewPool(cfg Config, handler Handler) *Pool {
	return &Pool{cfg: cfg, handler: handler, changed: make(chan struct{})}
}

// ErrNotBound is returned when no bind came in time; it wraps why.
var ErrNotBound = errors.New("smpp: not bound")

// Bound is how many binds are up.
func (p *Pool) Bound() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.bound)
}

// Submit hands a message to the bind with the most room, waiting for a bind
// and for room in its window until ctx ends. An error means that the SMSC has
// not seen it and that sink will not hear of it.
func (p *Pool) Submit(ctx context.Context, t Template, number string, urgent bool, sink Sink, index int) error {
	for {
		b, err := p.pick(ctx)
		if err != nil {
			return err
		}
		err = b.submit(ctx, t, number, urgent, sink, index)
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
}

func (p *Pool) pick(ctx context.Context) (*bind, error) {
	for {
		p.mu.Lock()
		changed, last := p.changed, p.last
		var best *bind
		most := -1
		for _, b := range p.bound {
			if n := b.idle(); n > most {
				best, most = b, n
			}
		}
		p.mu.Unlock()
		if best != nil {
			return best, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if last == nil {
				last = ctx.Err()
			}
			return nil, fmt.Errorf("%w: %w", ErrNotBound, last)
		}
	}
}

// The pause before a new bind grows from the first to the last, with jitter.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 30 * time.Second
	steady     = time.Minute // a bind this long forgets the failures before
)

// Run keeps the binds until ctx ends.
func (p *Pool) Run(ctx context.Context) error {
	var work sync.WaitGroup
	for range p.cfg.Binds {
		work.Go(func() { p.keep(ctx) })
	}
	work.Wait()
	return nil
}

func (p *Pool) keep(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		began := time.Now()
		err := p.once(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > steady {
			pause = firstPause
		}
		p.cfg.Logger.Warn("sms: bind ended", "address", p.cfg.Address, "err", err, "again", pause)
		timer := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
		pause = min(2*pause, lastPause)
	}
}

// once connects, binds and serves one connection.
func (p *Pool) once(ctx context.Context) error {
	conn, err := p.dial(ctx)
	if err != nil {
		p.note(err)
		return err
	}
	r := newReader(conn)
	b := newBind(p.cfg.Bind, conn, p.handler)
	if err := b.greet(r); err != nil {
		_ = conn.Close() // of no more use
		p.note(err)
		return err
	}
	p.add(b)
	err = b.run(ctx, r)
	p.remove(b, err)
	return err
}

func (p *Pool) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Bind.ResponseTimeout)
	defer cancel()
	d := net.Dialer{KeepAlive: 30 * time.Second}
	if p.cfg.TLS {
		return (&tls.Dialer{NetDialer: &d, Config: &tls.Config{MinVersion: tls.VersionTLS12}}).DialContext(ctx, "tcp", p.cfg.Address)
	}
	return d.DialContext(ctx, "tcp", p.cfg.Address)
}

func (p *Pool) note(err error) {
	p.mu.Lock()
	p.last = err
	p.mu.Unlock()
}

func (p *Pool) add(b *bind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bound = append(p.bound, b)
	p.last = nil
	p.tell()
}

func (p *Pool) remove(b *bind, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.bound {
		if p.bound[i] == b {
			p.bound = append(p.bound[:i:i], p.bound[i+1:]...)
			break
		}
	}
	p.last = err
	p.tell()
}

func (p *Pool) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}
