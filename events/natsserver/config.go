package natsserver

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"time"
)

// Defaults of Config.
const (
	DefaultName            = "crieur"
	DefaultMaxPayloadBytes = 8 << 20
	DefaultSyncInterval    = 10 * time.Second
	DefaultMinFreeBytes    = 256 << 20
	DefaultStartTimeout    = 30 * time.Second
)

// Config says what the server stores and whom it listens to. The zero value
// of every field but Dir is usable.
type Config struct {
	// Dir holds the JetStream store. Required. Made if missing.
	Dir string
	// Name is the server's name, shown to clients and needed by MQTT.
	Name string
	// Listen is the TCP address (host:port) for NATS clients; empty means that
	// only in-process connections exist. Port 0 takes a free one.
	Listen string
	// MQTT is the TCP address (host:port) for MQTT 3.1.1 clients; empty is off.
	MQTT string
	// LeafListen is the TCP address (host:port) where leaf nodes connect.
	LeafListen string
	// LeafRemotes are the servers this one joins as a leaf, as nats-leaf:// or
	// tls:// URLs; user information in them is used and never logged.
	LeafRemotes []string
	// Domain is the JetStream domain, needed on both ends of a leaf link.
	Domain string
	// MaxPayloadBytes is the largest message.
	MaxPayloadBytes int32
	// MaxStoreBytes bounds the store on disk; 0 is what is free on the disk.
	MaxStoreBytes int64
	// MaxMemoryBytes bounds streams kept in memory; 0 is the server's choice.
	MaxMemoryBytes int64
	// MinFreeBytes is the free space below which Start refuses the folder;
	// negative accepts any.
	MinFreeBytes int64
	// SyncInterval is how often written messages are forced to the disk, that
	// is what a power cut may lose; negative forces each write. A killed
	// process loses nothing.
	SyncInterval time.Duration
	// Users may connect over TCP and MQTT. With none, TCP must be loopback.
	Users []User
	// AnonymousMQTT is what an MQTT client without a user name may do; nil
	// refuses it.
	AnonymousMQTT *Permissions
	// StartTimeout bounds Start, store recovery included.
	StartTimeout time.Duration
	// Logger receives the server's warnings and errors; notices are at debug.
	Logger *slog.Logger
}

// User is one set of credentials, a sign's for instance.
type User struct {
	Name string
	// Password is clear or a bcrypt hash ($2a$…). Never logged.
	Password string
	// Permissions limit the user; nil is everything.
	Permissions *Permissions
	// MQTTOnly refuses the user on the NATS listener.
	MQTTOnly bool
}

// Permissions are NATS subjects with wildcards; for MQTT write the NATS form
// of the topic (sign/a/b is sign.a.b). Empty lists allow nothing.
type Permissions struct {
	Publish, Subscribe []string
}

func (c Config) withDefaults() Config {
	if c.Name == "" {
		c.Name = DefaultName
	}
	if c.MaxPayloadBytes == 0 {
		c.MaxPayloadBytes = DefaultMaxPayloadBytes
	}
	if c.SyncInterval == 0 {
		c.SyncInterval = DefaultSyncInterval
	}
	if c.MinFreeBytes == 0 {
		c.MinFreeBytes = DefaultMinFreeBytes
	}
	if c.StartTimeout == 0 {
		c.StartTimeout = DefaultStartTimeout
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c Config) validate() error {
	if c.Dir == "" {
		return errors.New("natsserver: dir: required")
	}
	for field, addr := range map[string]string{"listen": c.Listen, "mqtt": c.MQTT, "leaf_listen": c.LeafListen} {
		if addr == "" {
			continue
		}
		if _, _, err := splitAddr(addr); err != nil {
			return fmt.Errorf("natsserver: %s: %w", field, err)
		}
	}
	if len(c.Users) == 0 {
		for field, addr := range map[string]string{"listen": c.Listen, "leaf_listen": c.LeafListen} {
			if addr != "" && !loopback(addr) {
				return fmt.Errorf("natsserver: %s: %s is reachable from other machines: users are required", field, addr)
			}
		}
	}
	for i, remote := range c.LeafRemotes {
		if u, err := url.Parse(remote); err != nil || u.Host == "" {
			return fmt.Errorf("natsserver: leaf_remotes[%d]: not a URL with a host", i)
		}
	}
	return validateUsers(c.Users)
}

func validateUsers(users []User) error {
	seen := make(map[string]bool, len(users))
	for i, u := range users {
		switch {
		case u.Name == "":
			return fmt.Errorf("natsserver: users[%d]: name: required", i)
		case u.Name == insideUser || u.Name == localUser || u.Name == anonymousUser:
			return fmt.Errorf("natsserver: users[%d]: name %q is reserved", i, u.Name)
		case u.Password == "":
			return fmt.Errorf("natsserver: user %s: password: required", u.Name)
		case seen[u.Name]:
			return fmt.Errorf("natsserver: user %s: declared twice", u.Name)
		}
		seen[u.Name] = true
	}
	return nil
}

// splitAddr reads host:port; port 0 is any free one.
func splitAddr(addr string) (host string, port int, err error) {
	host, p, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("%q is not host:port", addr)
	}
	port, err = strconv.Atoi(p)
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("%q: port must be 0 to 65535", addr)
	}
	return host, port, nil
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
