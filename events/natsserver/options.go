package natsserver

import (
	"fmt"
	"net/url"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
)

// Names of the users every server has.
const (
	insideUser    = "crieur-inside"    // in-process connections
	localUser     = "crieur-local"     // loopback TCP when no user is configured
	anonymousUser = "crieur-anonymous" // MQTT clients without a user name
)

// mqttSubjects are what nats-server itself subscribes to in an MQTT client's
// name for QoS 1 and 2; a limited user needs them besides its own subjects.
func mqttSubjects() []string { return []string{"$MQTT.sub.>", "$MQTT.deliver.pubrel.>"} }

func (s *Server) options(users []User) (*server.Options, error) {
	opts := &server.Options{
		ServerName:             s.cfg.Name,
		DontListen:             s.cfg.Listen == "",
		MaxPayload:             s.cfg.MaxPayloadBytes,
		JetStream:              true,
		StoreDir:               s.cfg.Dir,
		JetStreamDomain:        s.cfg.Domain,
		JetStreamMaxStore:      s.cfg.MaxStoreBytes,
		JetStreamMaxMemory:     s.cfg.MaxMemoryBytes,
		SyncInterval:           max(s.cfg.SyncInterval, 0),
		SyncAlways:             s.cfg.SyncInterval < 0,
		NoSigs:                 true,
		DisableJetStreamBanner: true,
		Users:                  s.users(users),
	}
	if s.cfg.Listen != "" {
		opts.Host, opts.Port = listenAddr(s.cfg.Listen)
	}
	if s.open() {
		opts.NoAuthUser = localUser
	}
	if s.cfg.MQTT != "" {
		opts.MQTT.Host, opts.MQTT.Port = listenAddr(s.cfg.MQTT)
		if s.cfg.AnonymousMQTT != nil {
			opts.MQTT.NoAuthUser = anonymousUser
		}
	}
	if s.cfg.LeafListen != "" {
		opts.LeafNode.Host, opts.LeafNode.Port = listenAddr(s.cfg.LeafListen)
	}
	for i, remote := range s.cfg.LeafRemotes {
		u, err := url.Parse(remote)
		if err != nil {
			return nil, fmt.Errorf("natsserver: leaf_remotes[%d]: not a URL", i)
		}
		opts.LeafNode.Remotes = append(opts.LeafNode.Remotes, &server.RemoteLeafOpts{
			URLs: []*url.URL{u}, TLS: u.Scheme == "tls",
		})
	}
	return opts, nil
}

// listenAddr splits an address that validate accepted. nats-server takes -1
// for "any free port", where 0 means its default.
func listenAddr(addr string) (string, int) {
	host, port, _ := splitAddr(addr)
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port
}

func (s *Server) users(configured []User) []*server.User {
	all := []*server.User{{
		Username: insideUser, Password: s.secret,
		AllowedConnectionTypes: connections(jwt.ConnectionTypeInProcess),
	}}
	if s.open() {
		all = append(all, &server.User{
			Username: localUser, Password: s.secret,
			AllowedConnectionTypes: connections(jwt.ConnectionTypeStandard, jwt.ConnectionTypeLeafnode),
		})
	}
	if s.cfg.MQTT != "" && s.cfg.AnonymousMQTT != nil {
		all = append(all, &server.User{
			Username: anonymousUser, Password: s.secret,
			Permissions:            s.cfg.AnonymousMQTT.server(),
			AllowedConnectionTypes: connections(jwt.ConnectionTypeMqtt),
		})
	}
	for _, u := range configured {
		user := &server.User{Username: u.Name, Password: u.Password, Permissions: u.Permissions.server()}
		if u.MQTTOnly {
			user.AllowedConnectionTypes = connections(jwt.ConnectionTypeMqtt)
		}
		all = append(all, user)
	}
	return all
}

// open tells that local programs need no user.
func (s *Server) open() bool {
	return len(s.cfg.Users) == 0 && (s.cfg.Listen != "" || s.cfg.LeafListen != "")
}

func connections(types ...string) map[string]struct{} {
	set := make(map[string]struct{}, len(types))
	for _, t := range types {
		set[t] = struct{}{}
	}
	return set
}

// server returns nats-server's form; nil, everything, stays nil.
func (p *Permissions) server() *server.Permissions {
	if p == nil {
		return nil
	}
	perms := &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: p.Publish},
		Subscribe: &server.SubjectPermission{Allow: append(mqttSubjects(), p.Subscribe...)},
	}
	if len(p.Publish) == 0 {
		// An empty allow list means no limit to nats-server.
		perms.Publish = &server.SubjectPermission{Deny: []string{">"}}
	}
	return perms
}
