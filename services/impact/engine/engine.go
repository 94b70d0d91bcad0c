package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Config says where the engine keeps its data and how much it may take.
type Config struct {
	// Dir holds the tables and the lock. It is made when missing. Required.
	Dir string
	// Library is the path of libchdb; empty: see FindLibrary.
	Library string
	// Listen is an optional TCP address for curl and dashboards, such as
	// "127.0.0.1:8123". There are no passwords, so only loopback is accepted.
	Listen string
	// MaxReads and MaxInserts bound the statements and the inserts that run at
	// once; others wait for their turn. 0: 8 and 4.
	MaxReads, MaxInserts int
	// MaxMemoryBytes bounds the engine's memory; 0: ClickHouse's own default,
	// nine tenths of the machine's.
	MaxMemoryBytes int64
	// StartTimeout bounds one start of the child; 0: one minute, much above
	// the 0.3 s it takes, for folders with many parts.
	StartTimeout time.Duration
	// Logger receives the engine's lines and its comings and goings; nil: none.
	Logger *slog.Logger
}

func (c *Config) validate() error {
	if c.Dir == "" {
		return errors.New("engine: Dir is empty")
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return fmt.Errorf("engine: Dir: %w", err)
	}
	c.Dir = dir
	if c.Listen != "" {
		host, _, err := net.SplitHostPort(c.Listen)
		if err != nil {
			return fmt.Errorf("engine: Listen: %w", err)
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return fmt.Errorf("engine: Listen: %s is not a loopback address, and the embedded engine has no passwords", c.Listen)
		}
	}
	if c.MaxReads <= 0 {
		c.MaxReads = 8
	}
	if c.MaxInserts <= 0 {
		c.MaxInserts = 4
	}
	if c.StartTimeout <= 0 {
		c.StartTimeout = time.Minute
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// State is what the child is doing.
type State string

// The states of an engine.
const (
	Starting   State = "starting"
	Ready      State = "ready"
	Restarting State = "restarting" // it died, and is being started again
	Stopped    State = "stopped"
)

// Health is the state of the engine at one moment.
type Health struct {
	State    State
	PID      int       // of the child, 0 when there is none
	Version  string    // of libchdb
	Since    time.Time // of the state, UTC
	Restarts int       // since Start
	LastErr  error     // why the child last died or did not start, nil if it never did
}

// dialWait bounds how long a connection waits for a child that is restarting.
const dialWait = 15 * time.Second

// Options are clickhouse-go's, ready to use, onto this engine: HTTP over its
// socket, without compression. While the child restarts, connecting waits for
// it up to 15 s. They stay valid over restarts.
func (e *Engine) Options() *clickhouse.Options {
	return &clickhouse.Options{
		Protocol:    clickhouse.HTTP,
		Addr:        []string{"embedded:8123"},
		Auth:        clickhouse.Auth{Database: "default"},
		DialContext: func(ctx context.Context, _ string) (net.Conn, error) { return e.dial(ctx) },
		TransportFunc: func(t *http.Transport) (http.RoundTripper, error) {
			t.Proxy = nil // the socket is not for HTTP_PROXY
			return t, nil
		},
		MaxOpenConns: 16,
		MaxIdleConns: 8,
	}
}

// Open returns a pool of connections to this engine, as clickhouse.Open does
// to a server. The caller closes it before the engine.
func (e *Engine) Open() (driver.Conn, error) {
	conn, err := clickhouse.Open(e.Options())
	if err != nil {
		return nil, fmt.Errorf("engine: open: %w", err)
	}
	return conn, nil
}

// OptionsFromURL are clickhouse-go's options for an outside server, from the
// value of CLICKHOUSE_URL: http://, https:// (port 8123, 8443) or clickhouse://
// (the native protocol, port 9000), with user, password, database as path and
// clickhouse-go's values and settings in the query.
//
// Asynchronous inserts, which ClickHouse switches on by default since 26.3, are
// off unless the URL says otherwise: an insert acknowledged must be one written,
// and its token must reach the materialised views. Errors do not quote the URL,
// which may hold a password.
func OptionsFromURL(raw string) (*clickhouse.Options, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("engine: CLICKHOUSE_URL is not a URL")
	}
	switch u.Scheme {
	case "http", "https", "clickhouse", "tcp":
	default:
		return nil, fmt.Errorf("engine: CLICKHOUSE_URL: scheme %q, want http, https or clickhouse", u.Scheme)
	}
	if u.Hostname() == "" {
		return nil, errors.New("engine: CLICKHOUSE_URL has no host")
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), map[string]string{"http": "8123", "https": "8443", "clickhouse": "9000", "tcp": "9000"}[u.Scheme])
	}
	if q := u.Query(); u.Scheme == "https" && q.Get("secure") == "" {
		q.Set("secure", "true") // clickhouse-go takes https for granted only so
		u.RawQuery = q.Encode()
	}
	o, err := clickhouse.ParseDSN(u.String())
	if err != nil {
		return nil, fmt.Errorf("engine: CLICKHOUSE_URL for %s has a value that clickhouse-go does not accept", u.Host)
	}
	if o.Settings == nil {
		o.Settings = clickhouse.Settings{}
	}
	if _, ok := o.Settings["async_insert"]; !ok {
		o.Settings["async_insert"] = 0
	}
	if o.Compression == nil {
		o.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	}
	return o, nil
}
