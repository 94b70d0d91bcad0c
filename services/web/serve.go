package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const shutdownGrace = 10 * time.Second

type shutdownKey struct{}

// shutdownOf ends when the server that took the request shuts down, or never.
func shutdownOf(ctx context.Context) context.Context {
	if shutdown, ok := ctx.Value(shutdownKey{}).(context.Context); ok {
		return shutdown
	}
	return context.Background()
}

// Serve answers on listener until ctx ends, then closes event streams, lets requests under way finish for at most
// 10 s, and returns nil. It closes listener.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, logger *slog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second, // event streams push theirs forward
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug), // names client addresses
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.WithoutCancel(ctx), shutdownKey{}, ctx)
		},
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("web: serve: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return errors.Join(fmt.Errorf("web: shut down: %w", err), server.Close())
	}
	return nil
}
