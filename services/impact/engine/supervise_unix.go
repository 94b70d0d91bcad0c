//go:build linux || darwin

package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Engine is a ClickHouse in a child process of this program. Its methods are
// safe for concurrent use.
type Engine struct {
	cfg       Config
	lock      *os.File
	socket    string
	socketDir string // made for the socket, "" when it is in Dir
	listeners []*os.File
	stop      context.CancelFunc
	stopped   chan struct{} // closed when the supervisor has left

	mu      sync.Mutex
	health  Health
	changed chan struct{} // closed at each change of health
}

// Start takes the folder and has the engine start, again and again while it
// cannot: Await and Health tell. ctx bounds the wait for the folder; Stop ends the
// engine. The errors are ErrLibraryMissing, ErrPlatform, ErrInUse or one of the
// settings.
//
// The program must call ChildMain first in main.
func Start(ctx context.Context, cfg Config) (*Engine, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	library, err := FindLibrary(cfg.Library)
	if err != nil {
		return nil, err
	}
	cfg.Library = library
	e := &Engine{cfg: cfg, stopped: make(chan struct{}), changed: make(chan struct{})}
	if err := e.acquire(ctx); err != nil {
		e.letGo()
		return nil, err
	}
	run, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.set(Health{State: Starting})
	go e.supervise(run)
	return e, nil
}

// Await returns once the engine answers, or with why it did not start.
func (e *Engine) Await(ctx context.Context) error {
	h, err := e.wait(ctx, func(h Health) bool { return h.State == Ready || h.LastErr != nil })
	if err == nil && h.State != Ready {
		err = h.LastErr
	}
	if err != nil {
		return fmt.Errorf("engine: start: %w", err)
	}
	return nil
}

// Stop kills the child and gives the folder back. Statements under way fail;
// what was acknowledged stays. It may be called twice.
func (e *Engine) Stop() {
	e.stop()
	<-e.stopped
}

// Health tells the present state.
func (e *Engine) Health() Health {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.health
}

// acquire takes the folder's lock and opens the listeners, which this process
// keeps over the child's restarts: who connects meanwhile waits in the queue.
func (e *Engine) acquire(ctx context.Context) error {
	if err := os.MkdirAll(e.cfg.Dir, 0o700); err != nil {
		return fmt.Errorf("engine: Dir: %w", err)
	}
	if err := e.lockDir(ctx); err != nil {
		return err
	}
	if err := e.listenSocket(); err != nil {
		return fmt.Errorf("engine: socket: %w", err)
	}
	if e.cfg.Listen == "" {
		return nil
	}
	ln, err := net.Listen("tcp", e.cfg.Listen)
	if err != nil {
		return fmt.Errorf("engine: Listen: %w", err)
	}
	return e.keepListener(ln.(*net.TCPListener))
}

// lockWait is how long a folder may still be held by the dying child of a
// killed parent: the lock is shared by both and ends with the last.
const lockWait = 5 * time.Second

func (e *Engine) lockDir(ctx context.Context) error {
	f, err := os.OpenFile(filepath.Join(e.cfg.Dir, "engine.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("engine: lock: %w", err)
	}
	e.lock = f
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("engine: lock: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("engine: %s: %w", e.cfg.Dir, ErrInUse)
		case <-again.C:
		}
	}
}

// maxSocketPath is the longest path of a Unix socket that every system takes
// (sun_path has 104 bytes on darwin, 108 on linux).
const maxSocketPath = 100

func (e *Engine) listenSocket() error {
	e.socket = filepath.Join(e.cfg.Dir, "engine.sock")
	if len(e.socket) > maxSocketPath {
		dir, err := os.MkdirTemp("", "crieur-")
		if err != nil {
			return err
		}
		e.socketDir, e.socket = dir, filepath.Join(dir, "engine.sock")
	}
	// A socket left by a killed process: the lock says that nobody serves it.
	if err := os.Remove(e.socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: e.socket, Net: "unix"})
	if err != nil {
		return err
	}
	ln.SetUnlinkOnClose(false)
	if err := os.Chmod(e.socket, 0o600); err != nil {
		return err
	}
	return e.keepListener(ln)
}

func (e *Engine) keepListener(ln interface {
	File() (*os.File, error)
	Close() error
},
) error {
	f, err := ln.File()
	if err != nil {
		return err
	}
	e.listeners = append(e.listeners, f)
	return ln.Close()
}

func (e *Engine) letGo() {
	for _, f := range e.listeners {
		_ = f.Close()
	}
	if len(e.listeners) > 0 {
		_ = os.Remove(e.socket)
	}
	if e.socketDir != "" {
		_ = os.RemoveAll(e.socketDir)
	}
	if e.lock != nil {
		_ = e.lock.Close()
	}
}

// Back-off between a death and the next start.
const (
	minBackOff = 100 * time.Millisecond
	maxBackOff = 30 * time.Second
	calm       = time.Minute // a child that lived so long starts over at minBackOff
)

// supervise runs one child after another until ctx ends.
func (e *Engine) supervise(ctx context.Context) {
	// PR_SET_PDEATHSIG is about the thread that forked: keep it alive.
	runtime.LockOSThread()
	defer close(e.stopped)
	defer e.letGo()
	backOff := minBackOff
	for {
		began := time.Now()
		err := e.runOne(ctx)
		h := e.Health()
		if ctx.Err() != nil {
			e.set(Health{State: Stopped, Version: h.Version, Restarts: h.Restarts, LastErr: h.LastErr})
			return
		}
		if time.Since(began) > calm {
			backOff = minBackOff
		}
		e.cfg.Logger.Error("clickhouse died", "err", err, "restart_in", backOff)
		e.set(Health{State: Restarting, Version: h.Version, Restarts: h.Restarts + 1, LastErr: err})
		select {
		case <-ctx.Done():
		case <-time.After(backOff):
		}
		backOff = min(2*backOff, maxBackOff)
	}
}

// runOne starts a child and returns why it ended.
func (e *Engine) runOne(ctx context.Context) error {
	report, reportEnd, err := os.Pipe()
	if err != nil {
		return err
	}
	defer report.Close()
	out := &logWriter{log: e.cfg.Logger}
	cmd, stdin, err := e.command(reportEnd, out)
	if err != nil {
		_ = reportEnd.Close()
		return err
	}
	err = cmd.Start()
	_ = reportEnd.Close()
	if err != nil {
		_ = stdin.Close()
		return fmt.Errorf("child: %w", err)
	}
	yield(cmd.Process.Pid)
	kill := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer kill()
	why := e.awaitReady(cmd, report)
	if why != nil {
		_ = cmd.Process.Kill()
	}
	err = cmd.Wait()
	_ = stdin.Close()
	if why != nil {
		err = why
	}
	if last := out.lastLine(); last != "" {
		return fmt.Errorf("child: %w: %s", err, last)
	}
	return fmt.Errorf("child: %w", err)
}

func (e *Engine) command(report *os.File, out *logWriter) (*exec.Cmd, io.Closer, error) {
	exe, err := executable()
	if err != nil {
		return nil, nil, err
	}
	raw, err := json.Marshal(order{
		Dir: e.cfg.Dir, Library: e.cfg.Library, MaxReads: e.cfg.MaxReads, MaxInserts: e.cfg.MaxInserts,
		MaxMemory: e.cfg.MaxMemoryBytes, Listeners: len(e.listeners),
	})
	if err != nil {
		return nil, nil, err
	}
	cmd := &exec.Cmd{
		Path: exe,
		Args: []string{"crieur-clickhouse"},
		// None of the program's secrets, and no stray config.xml or
		// ~/.clickhouse-local of whoever runs it: libchdb reads both.
		Env:         []string{childEnv + "=" + string(raw), "HOME=" + e.cfg.Dir, "TZ=UTC", "PATH=" + os.Getenv("PATH")},
		Dir:         e.cfg.Dir,
		ExtraFiles:  append([]*os.File{report, e.lock}, e.listeners...),
		Stdout:      out,
		Stderr:      out,
		SysProcAttr: childAttr(),
		WaitDelay:   time.Second,
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	return cmd, stdin, nil
}

// awaitReady reads the child's status line and reports a start that failed.
func (e *Engine) awaitReady(cmd *exec.Cmd, report *os.File) error {
	_ = report.SetReadDeadline(time.Now().Add(e.cfg.StartTimeout))
	var s status
	if err := json.NewDecoder(report).Decode(&s); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("not ready after %v", e.cfg.StartTimeout)
		}
		return nil // it died before saying anything: Wait tells how
	}
	if s.Error != "" {
		return errors.New(s.Error)
	}
	h := e.Health()
	e.set(Health{State: Ready, PID: cmd.Process.Pid, Version: s.Version, Restarts: h.Restarts, LastErr: h.LastErr})
	e.cfg.Logger.Info("clickhouse ready", "version", s.Version, "pid", cmd.Process.Pid, "restarts", h.Restarts)
	if s.Forgotten > 0 {
		e.cfg.Logger.Warn("inserts cut by a kill between their token and their rows can be sent again", "inserts", s.Forgotten)
	}
	return nil
}

func (e *Engine) set(h Health) {
	e.mu.Lock()
	defer e.mu.Unlock()
	h.Since = time.Now().UTC()
	e.health = h
	close(e.changed)
	e.changed = make(chan struct{})
}

// wait returns the first health that satisfies ok.
func (e *Engine) wait(ctx context.Context, ok func(Health) bool) (Health, error) {
	for {
		e.mu.Lock()
		h, changed := e.health, e.changed
		e.mu.Unlock()
		if ok(h) {
			return h, nil
		}
		select {
		case <-ctx.Done():
			return h, ctx.Err()
		case <-changed:
		}
	}
}

func (e *Engine) dial(ctx context.Context) (net.Conn, error) {
	wait, cancel := context.WithTimeout(ctx, dialWait)
	defer cancel()
	h, err := e.wait(wait, func(h Health) bool { return h.State == Ready || h.State == Stopped })
	switch {
	case err != nil && h.LastErr != nil:
		return nil, fmt.Errorf("engine: %s: %w", h.State, h.LastErr)
	case err != nil:
		return nil, fmt.Errorf("engine: %s: %w", h.State, err)
	case h.State == Stopped:
		return nil, errors.New("engine: stopped")
	}
	return (&net.Dialer{}).DialContext(ctx, "unix", e.socket)
}

// below is how much less urgent the child is than the program: messages go
// out before figures are made.
const below = 10

// yield lets the child have the processors that the program leaves it. The
// child is a process group, so that every thread it has by now is meant.
func yield(pid int) { _ = syscall.Setpriority(syscall.PRIO_PGRP, pid, below) }
