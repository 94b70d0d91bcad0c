package program

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/nats-io/nats.go"

	"github.com/crieur/crieur/events/keyfile"
	"github.com/crieur/crieur/events/natsserver"
	"github.com/crieur/crieur/services/crieur/config"
	"github.com/crieur/crieur/services/impact/engine"
	"github.com/crieur/crieur/services/publisher/channel/sign"
)

// clientName is the user of the programs of this machine on the embedded
// server; its password is in the data folder, readable by its owner only.
const clientName = "crieur"

// engines are what the services stand on.
type engines struct {
	nats       *natsserver.Server // nil with a server elsewhere
	conn       *nats.Conn
	clickhouse *engine.Engine // nil with a server elsewhere, or without impact
}

// openNATS starts the embedded server, or connects to the one configured.
func openNATS(ctx context.Context, cfg *config.Config, logger *slog.Logger) (*natsserver.Server, *nats.Conn, error) {
	if address := natsURL(cfg); address != "" {
		conn, err := dial(cfg, address, logger)
		return nil, conn, err
	}
	password, err := Keep(filepath.Join(cfg.Data, "nats.secret"), secret)
	if err != nil {
		return nil, nil, err
	}
	server, err := natsserver.Start(ctx, natsserver.Config{
		Dir: filepath.Join(cfg.Data, "nats"), Listen: cfg.NATS.Listen, MQTT: cfg.NATS.MQTT, SyncInterval: cfg.NATS.Sync(),
		Users:         []natsserver.User{{Name: clientName, Password: password}},
		AnonymousMQTT: displays(cfg),
		Logger:        logger,
	})
	if err != nil {
		return nil, nil, err
	}
	conn, err := server.Connect(connOptions("crieur", logger)...)
	if err == nil {
		err = keyfile.Replace(addressFile(cfg), []byte(server.URL()+"\n"))
	}
	if err != nil {
		return nil, nil, errors.Join(err, server.Close())
	}
	return server, conn, nil
}

// displays is what an MQTT client without a name may read: what signs show, which
// is public. No sign needs the password of the bus, on which contacts pass; the
// questions of package call have subjects of the same form.
func displays(cfg *config.Config) *natsserver.Permissions {
	p := &natsserver.Permissions{}
	for _, a := range cfg.Authorities {
		if !slices.Contains(Services(), a.ID) {
			p.Subscribe = append(p.Subscribe, strings.ReplaceAll(sign.Topic(a.ID, "*"), "/", "."))
		}
	}
	return p
}

// closeNATS stops the embedded server. Its address goes first, while the folder
// is still ours; one that stays is told from a live one by dialling.
func closeNATS(cfg *config.Config, server *natsserver.Server) error {
	_ = os.Remove(addressFile(cfg))
	return server.Close()
}

// addressFile is where the commands of this machine find the embedded server.
func addressFile(cfg *config.Config) string { return filepath.Join(cfg.Data, "nats.address") }

func natsURL(cfg *config.Config) string {
	if env := os.Getenv("NATS_URL"); env != "" {
		return env
	}
	return cfg.NATS.URL
}

// Dial connects to the NATS server of a running Crieur: the one configured, or
// the embedded one of the data folder.
func Dial(cfg *config.Config, logger *slog.Logger) (*nats.Conn, error) {
	if address := natsURL(cfg); address != "" {
		return dial(cfg, address, logger)
	}
	at, err := os.ReadFile(addressFile(cfg))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("nats: Crieur does not run with data folder %s", cfg.Data)
	}
	if err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	password, err := os.ReadFile(filepath.Join(cfg.Data, "nats.secret"))
	if err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	u, err := url.Parse(strings.TrimSpace(string(at)))
	if err != nil {
		return nil, fmt.Errorf("nats: %s: not an address", addressFile(cfg))
	}
	u.User = url.UserPassword(clientName, strings.TrimSpace(string(password)))
	conn, err := dial(cfg, u.String(), logger)
	if errors.Is(err, nats.ErrNoServers) {
		// It ended without a word: a kill, a power cut.
		return nil, fmt.Errorf("nats: Crieur does not run with data folder %s: nothing answers at %s", cfg.Data, u.Host)
	}
	return conn, err
}

func dial(cfg *config.Config, address string, logger *slog.Logger) (*nats.Conn, error) {
	options := connOptions("crieur", logger)
	if cfg.NATS.CredentialsFile != "" {
		options = append(options, nats.UserCredentials(cfg.NATS.CredentialsFile))
	}
	conn, err := nats.Connect(address, options...)
	if err != nil {
		u, parseErr := url.Parse(address)
		if parseErr != nil {
			return nil, errors.New("nats: the address cannot be read")
		}
		return nil, fmt.Errorf("nats: %s: %w", u.Host, err)
	}
	return conn, nil
}

func connOptions(name string, logger *slog.Logger) []nats.Option {
	return []nats.Option{
		nats.Name(name), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				logger.Warn("nats disconnected", "err", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { logger.Info("nats reconnected") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { logger.Warn("nats", "err", err) }),
	}
}

// openClickHouse returns the options of the server configured, or starts the
// embedded engine.
func openClickHouse(ctx context.Context, cfg *config.Config, logger *slog.Logger) (*engine.Engine, *clickhouse.Options, error) {
	address := os.Getenv("CLICKHOUSE_URL")
	if address == "" {
		address = cfg.ClickHouse.URL
	}
	if address != "" {
		options, err := engine.OptionsFromURL(address)
		return nil, options, err
	}
	e, err := engine.Start(ctx, engine.Config{Dir: filepath.Join(cfg.Data, "clickhouse"), Listen: cfg.ClickHouse.Listen, Library: cfg.ClickHouse.Library, Logger: logger})
	if err != nil {
		return nil, nil, err
	}
	return e, e.Options(), nil
}

// close ends the engines, after the services.
func (e *engines) close(cfg *config.Config) error {
	var errs []error
	if e.clickhouse != nil {
		e.clickhouse.Stop()
	}
	if e.conn != nil {
		e.conn.Close()
	}
	if e.nats != nil {
		errs = append(errs, closeNATS(cfg, e.nats))
	}
	return errors.Join(errs...)
}

// Keep returns what a file of the data folder holds, made by fresh when there is
// none.
func Keep(path string, fresh func() string) (string, error) {
	body, err := keyfile.Keep(path, func() ([]byte, error) { return []byte(fresh() + "\n"), nil })
	if err != nil {
		return "", fmt.Errorf("data: %w", err)
	}
	return strings.TrimSpace(string(body)), nil
}

// secret is 260 random bits.
func secret() string { return rand.Text() + rand.Text() }
