package runner

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/run"
)

// memberPrefix begins the keys of the processes in the bucket of the cursors; an
// authority's name is a slug and so never holds an equals sign.
const memberPrefix = "member=."

// MembersConfig says how processes know of one another.
type MembersConfig struct {
	// TTL is how long a process that says nothing keeps its share.
	TTL   time.Duration
	Clock run.Clock
	Log   *slog.Logger
}

// Members shares the hosts among the ingest processes that use one bucket, so
// that a host is asked by one of them only (rendezvous hashing). A process says
// every third of the TTL that it lives. A new one waits a TTL before it takes
// its share, while the others give it up as soon as they see it; one that
// cannot say that it lives stops before the others take over.
type Members struct {
	id     string
	kv     jetstream.KeyValue
	cfg    MembersConfig
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu    sync.RWMutex
	seen  map[string]time.Time // by local clock
	said  time.Time            // when we last said that we live
	since time.Time            // when our share begins
}

// Join makes this process known and returns once the others are.
func Join(ctx context.Context, kv jetstream.KeyValue, cfg MembersConfig) (*Members, error) {
	m := &Members{id: rand.Text()[:16], kv: kv, cfg: cfg, seen: map[string]time.Time{}}
	watcher, err := kv.Watch(ctx, memberPrefix+"*")
	if err != nil {
		return nil, fmt.Errorf("members: %w", err)
	}
	if err := m.read(ctx, watcher); err != nil {
		return nil, errors.Join(fmt.Errorf("members: %w", err), watcher.Stop())
	}
	alone := len(m.seen) == 0
	if err := m.say(ctx); err != nil {
		return nil, errors.Join(err, watcher.Stop())
	}
	m.since = m.cfg.Clock.Now()
	if !alone {
		m.since = m.since.Add(cfg.TTL)
	}
	ctx, m.cancel = context.WithCancel(ctx)
	m.done.Go(func() {
		m.live(ctx, watcher)
		_ = watcher.Stop() // nothing more to hear
	})
	return m, nil
}

// read notes the processes that are there.
func (m *Members) read(ctx context.Context, watcher jetstream.KeyWatcher) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case entry, open := <-watcher.Updates():
			switch {
			case !open:
				return nats.ErrBadSubscription
			case entry == nil:
				return nil
			}
			// What a process that died left behind is as old as it was written.
			if m.cfg.Clock.Now().Sub(entry.Created()) < 2*m.cfg.TTL {
				m.note(entry)
			}
		}
	}
}

func (m *Members) live(ctx context.Context, watcher jetstream.KeyWatcher) {
	timer := m.cfg.Clock.NewTimer(m.cfg.TTL / 3)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case entry, open := <-watcher.Updates():
			if !open {
				return
			}
			if entry != nil {
				m.note(entry)
			}
		case <-timer.C():
			if err := m.say(ctx); err != nil && ctx.Err() == nil {
				m.cfg.Log.Warn("this process cannot say that it lives", "err", err)
			}
			m.forget(ctx)
			timer.Reset(m.cfg.TTL / 3)
		}
	}
}

func (m *Members) note(entry jetstream.KeyValueEntry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := entry.Key()[len(memberPrefix):]
	if entry.Operation() != jetstream.KeyValuePut {
		delete(m.seen, id)
		return
	}
	if id != m.id {
		m.seen[id] = m.cfg.Clock.Now()
	}
}

func (m *Members) say(ctx context.Context) error {
	began := m.cfg.Clock.Now()
	ctx, cancel := context.WithTimeout(ctx, m.cfg.TTL/3)
	defer cancel()
	if _, err := m.kv.Put(ctx, memberPrefix+m.id, []byte("alive")); err != nil {
		return fmt.Errorf("members: %w", err)
	}
	m.mu.Lock()
	m.said = began
	m.mu.Unlock()
	return nil
}

// forget drops those silent for longer than the TTL, and their keys.
func (m *Members) forget(ctx context.Context) {
	now := m.cfg.Clock.Now()
	m.mu.Lock()
	var dead []string
	for id, at := range m.seen {
		if now.Sub(at) > m.cfg.TTL {
			delete(m.seen, id)
			dead = append(dead, id)
		}
	}
	m.mu.Unlock()
	for _, id := range dead {
		if err := m.kv.Purge(ctx, memberPrefix+id); err != nil && ctx.Err() == nil {
			m.cfg.Log.Warn("a dead process cannot be forgotten", "err", err)
		}
	}
}

// Owns reports whether a host is this process's to ask.
func (m *Members) Owns(host string) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	now := m.cfg.Clock.Now()
	// Half a TTL of doubt: the others wait a whole one.
	if now.Before(m.since) || now.Sub(m.said) > m.cfg.TTL*2/3 {
		return false
	}
	mine := weight(m.id, host)
	for id := range m.seen {
		if w := weight(id, host); w > mine || w == mine && id > m.id {
			return false
		}
	}
	return true
}

func weight(id, host string) uint64 { return xxhash.Sum64String(id + "\n" + host) }

// Leave gives the share back at once.
func (m *Members) Leave() {
	m.cancel()
	m.done.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = m.kv.Purge(ctx, memberPrefix+m.id) // or its silence says it
}
