package natsserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// closeTimeout bounds Close.
const closeTimeout = 15 * time.Second

// Server is a running nats-server. Its methods are safe for concurrent use.
type Server struct {
	cfg    Config
	lock   *os.File
	secret string // the password of in-process connections, of this run only
	stop   chan struct{}
	ended  chan struct{} // the watch of the disk

	mu   sync.Mutex // what follows: the server is replaced after a full disk
	ns   *server.Server
	log  *serverLog
	full error // why events cannot be kept now

	reload sync.Mutex // SetUsers, and the replacement
	close  sync.Once
	err    error
}

// current is the server that runs now.
func (s *Server) current() *server.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ns
}

// InProcessConn implements nats.InProcessConnProvider: a connection that is
// lost when the server is replaced comes back to the new one.
func (s *Server) InProcessConn() (net.Conn, error) { return s.current().InProcessConn() }

// Start runs a server and returns when it accepts connections. Cancelling ctx
// gives the start up; it does not stop a started server, Close does.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if err := ctx.Err(); err != nil {
		// Nothing is begun that would have to be ended.
		return nil, fmt.Errorf("natsserver: %w", err)
	}
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	lock, err := openFolder(cfg.Dir, cfg.MinFreeBytes)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, lock: lock, secret: rand.Text(), stop: make(chan struct{}), ended: make(chan struct{})}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	// Ports that were chosen now stay the same after a replacement.
	s.cfg.MQTT, s.cfg.LeafListen = s.MQTTAddr(), s.LeafAddr()
	if s.cfg.Listen != "" {
		s.cfg.Listen = s.ns.Addr().String()
	}
	go s.watchRoom()
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	for field, addr := range map[string]string{"listen": s.cfg.Listen, "mqtt": s.cfg.MQTT, "leaf_listen": s.cfg.LeafListen} {
		if err := probe(ctx, field, addr); err != nil {
			return err
		}
	}
	opts, err := s.options(s.cfg.Users)
	if err != nil {
		return err
	}
	ns, err := server.NewServer(opts)
	if err != nil {
		return fmt.Errorf("natsserver: folder %s: %w", s.cfg.Dir, err)
	}
	log := newServerLog(s.cfg.Logger)
	ns.SetLoggerV2(log, false, false, false)
	s.mu.Lock()
	s.ns, s.log = ns, log
	s.mu.Unlock()
	go ns.Start()
	if err := s.await(ctx, ns, log); err != nil {
		ns.Shutdown()
		ns.WaitForShutdown()
		return err
	}
	return nil
}

// await returns when the server is ready or known not to become so.
func (s *Server) await(ctx context.Context, ns *server.Server, log *serverLog) error {
	deadline := time.NewTimer(s.cfg.StartTimeout)
	defer deadline.Stop()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("natsserver: start: %w", ctx.Err())
		case <-log.died:
			return fmt.Errorf("natsserver: folder %s: %s", s.cfg.Dir, log.fatalText())
		case <-deadline.C:
			return fmt.Errorf("natsserver: folder %s: not ready after %s", s.cfg.Dir, s.cfg.StartTimeout)
		default:
		}
		if ns.ReadyForConnections(20*time.Millisecond) && ns.JetStreamEnabled() {
			return nil
		}
	}
}

// probe says early and clearly that an address cannot be listened on.
func probe(ctx context.Context, field, addr string) error {
	if addr == "" {
		return nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("natsserver: %s: %w", field, err)
	}
	return l.Close()
}

// Connect opens an in-process connection: no socket, no user to configure,
// every right. The caller closes it. It lives as long as the server.
func (s *Server) Connect(opts ...nats.Option) (*nats.Conn, error) {
	opts = append([]nats.Option{
		nats.Name(s.cfg.Name), nats.InProcessServer(s), nats.UserInfo(insideUser, s.secret),
	}, opts...)
	nc, err := nats.Connect("", opts...)
	if err != nil {
		return nil, fmt.Errorf("natsserver: connect: %w", err)
	}
	return nc, nil
}

// URL is where NATS clients connect over TCP; empty without Config.Listen.
func (s *Server) URL() string {
	if s.cfg.Listen == "" {
		return ""
	}
	return "nats://" + s.current().Addr().String()
}

// MQTTAddr is the host:port where MQTT clients connect; empty without
// Config.MQTT.
func (s *Server) MQTTAddr() string {
	return s.bound(s.cfg.MQTT, func(v *server.Varz) int { return v.MQTT.Port })
}

// LeafAddr is the host:port where leaf nodes connect; empty without
// Config.LeafListen.
func (s *Server) LeafAddr() string {
	return s.bound(s.cfg.LeafListen, func(v *server.Varz) int { return v.LeafNode.Port })
}

// bound puts the port that the server took in the place of 0.
func (s *Server) bound(addr string, port func(*server.Varz) int) string {
	host, asked, err := splitAddr(addr)
	if addr == "" || err != nil || asked != 0 {
		return addr
	}
	v, err := s.current().Varz(nil)
	if err != nil {
		return addr
	}
	return net.JoinHostPort(host, strconv.Itoa(port(v)))
}

// SetUsers replaces the configured users while the server runs. Connections
// of users that are gone or changed are closed; the others are untouched.
func (s *Server) SetUsers(users []User) error {
	if err := validateUsers(users); err != nil {
		return err
	}
	s.reload.Lock()
	defer s.reload.Unlock()
	opts, err := s.options(users)
	if err != nil {
		return err
	}
	if err := s.current().ReloadOptions(opts); err != nil {
		return fmt.Errorf("natsserver: set users: %w", err)
	}
	s.cfg.Users = users
	return nil
}

// Close stops the server and gives the folder back. It is idempotent and
// waits at most 15 s; after that it tells so and leaves the folder locked.
func (s *Server) Close() error {
	s.close.Do(func() {
		done := make(chan struct{})
		close(s.stop)
		go func() {
			defer close(done)
			<-s.ended
			ns := s.current()
			ns.Shutdown()
			ns.WaitForShutdown()
		}()
		select {
		case <-done:
			s.err = s.lock.Close()
		case <-time.After(closeTimeout):
			s.err = fmt.Errorf("natsserver: folder %s: not closed after %s", s.cfg.Dir, closeTimeout)
		}
	})
	return s.err
}
