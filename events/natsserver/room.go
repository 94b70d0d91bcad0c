package natsserver

import (
	"context"
	"fmt"
	"time"
)

const (
	roomEvery  = time.Second // between two looks at the disk
	roomRemind = time.Minute // between two lines of the log about the same
)

// Health tells why events cannot be kept now: the disk was full. It is nil
// again by itself once there is room. A disk that is almost full is told in the
// log while everything still works.
func (s *Server) Health() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.full
}

// watchRoom looks at the disk until Close. nats-server refuses every write to a
// stream after the first one that found no space, and until its restart: so it
// is replaced once there is room again, and connections come back to the new
// one.
func (s *Server) watchRoom() {
	defer close(s.ended)
	tick := time.NewTicker(roomEvery)
	defer tick.Stop()
	var told time.Time
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		low := checkRoom(s.cfg.Dir, s.cfg.MinFreeBytes)
		full := s.wasFull()
		if full && low == nil {
			low = s.replace()
			full = low != nil
		}
		s.tell(low, full)
		if low != nil && time.Since(told) > roomRemind {
			told = time.Now()
			s.cfg.Logger.Error("nats: no room on the disk", "err", low, "accepting", !full)
		}
	}
}

// tell sets what Health answers.
func (s *Server) tell(low error, full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full = nil; full {
		s.full = fmt.Errorf("%w; nothing is accepted until there is room", low)
	}
}

// wasFull reports whether the running server failed for want of space.
func (s *Server) wasFull() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.full.Load()
}

// replace stops the server and starts another on the same folder and ports.
func (s *Server) replace() error {
	s.reload.Lock()
	defer s.reload.Unlock()
	s.cfg.Logger.Warn("nats: restarted after a full disk", "folder", s.cfg.Dir)
	old := s.current()
	old.Shutdown()
	old.WaitForShutdown()
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.StartTimeout)
	defer cancel()
	err := s.start(ctx)
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.log.full.Store(true) // so that it is tried again
	}
	return err
}
