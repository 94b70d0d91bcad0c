//go:build linux || darwin

package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/crieur/crieur/services/impact/engine/internal/chdb"
	"github.com/crieur/crieur/services/impact/engine/internal/httpface"
)

// childEnv marks a process as the child; its value is an order in JSON.
const childEnv = "CRIEUR_ENGINE_CHILD"

// order is what the parent tells the child. Files come by number: 3 is the
// status pipe, 4 the lock (held, not used), from 5 on the listeners.
type order struct {
	Dir        string
	Library    string
	MaxReads   int
	MaxInserts int
	MaxMemory  int64
	Listeners  int
}

// status is the one line that the child answers with.
type status struct {
	Version   string `json:"version,omitempty"`
	Forgotten int    `json:"forgotten,omitempty"` // see forgetLostInserts
	Error     string `json:"error,omitempty"`
}

const (
	statusFD   = 3
	lockFD     = 4
	listenerFD = 5
)

// ChildMain makes this process the engine's child when it was started as one,
// and then does not return; otherwise it does nothing. Call it first in main
// and in TestMain of every program that calls Start.
func ChildMain() {
	raw, ok := os.LookupEnv(childEnv)
	if !ok {
		return
	}
	_ = os.Unsetenv(childEnv)
	// The parent decides when the child ends: a terminal's or a service
	// manager's signal to the whole group must not end it under open inserts.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends when the parent does
		die()
	}()
	report := os.NewFile(statusFD, "status")
	err := runChild(raw, report)
	_ = json.NewEncoder(report).Encode(status{Error: err.Error()})
	die()
}

// die ends this process at once: libchdb crashes when it is shut down.
func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func runChild(raw string, report *os.File) error {
	var o order
	if err := json.Unmarshal([]byte(raw), &o); err != nil {
		return fmt.Errorf("order: %w", err)
	}
	forgotten, err := forgetLostInserts(o.Dir)
	if err != nil {
		return err
	}
	lib, err := chdb.Open(o.Library)
	if err != nil {
		return err
	}
	args := []string{"--path=" + o.Dir, "--logger.console=1", "--log-level=error", "--async_insert=0"}
	if o.MaxMemory > 0 {
		args = append(args, "--max_server_memory_usage="+strconv.FormatInt(o.MaxMemory, 10))
	}
	dial := func(tag string) (*chdb.Conn, error) { return lib.Connect(append(args, "--log_comment="+tag)...) }
	handler, err := httpface.New(dial, o.MaxReads, o.MaxInserts)
	if err != nil {
		return err
	}
	ended := make(chan error, o.Listeners)
	for i := range o.Listeners {
		ln, err := net.FileListener(os.NewFile(uintptr(listenerFD+i), "listener"))
		if err != nil {
			return fmt.Errorf("listener %d: %w", i, err)
		}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 30 * time.Second, MaxHeaderBytes: 4 << 20}
		go func() { ended <- server.Serve(ln) }()
	}
	if err := json.NewEncoder(report).Encode(status{Version: lib.Version(), Forgotten: forgotten}); err != nil {
		return fmt.Errorf("status: %w", err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return errors.New("the listener closed")
}
