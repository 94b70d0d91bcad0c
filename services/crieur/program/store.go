package program

import (
	"context"
	"log/slog"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/bus"
	"github.com/crieur/crieur/services/crieur/config"
)

// Store opens what the services keep: on the server configured or that of a
// running Crieur; else the embedded server of the data folder is started, and
// stopped by closing. Streams and buckets are made where they are missing.
func Store(ctx context.Context, cfg *config.Config, logger *slog.Logger) (*nats.Conn, func(), error) {
	conn, err := Dial(cfg, logger)
	stop := func() { conn.Close() }
	if err != nil && natsURL(cfg) == "" {
		server, own, startErr := openNATS(ctx, cfg, logger)
		if startErr != nil {
			return nil, nil, startErr
		}
		conn, err = own, nil
		stop = func() {
			own.Close()
			_ = closeNATS(cfg, server) // all of it is on the disk before a write is acknowledged
		}
	}
	if err != nil {
		return nil, nil, err
	}
	js, err := jetstream.New(conn)
	if err == nil {
		err = bus.Ensure(ctx, js, bus.Options{Replicas: cfg.NATS.Replicas})
	}
	if err != nil {
		stop()
		return nil, nil, err
	}
	return conn, stop, nil
}
