//go:build !linux && !darwin

package engine

import (
	"context"
	"net"
	"runtime"
)

// Engine does not exist on this platform: Start returns ErrPlatform.
type Engine struct{}

// ChildMain does nothing on this platform.
func ChildMain() {}

// Start returns ErrPlatform.
func Start(context.Context, Config) (*Engine, error) {
	_, err := LibraryPackage(runtime.GOOS, runtime.GOARCH)
	return nil, err
}

// Stop does nothing on this platform.
func (e *Engine) Stop() {}

// Health is always Stopped on this platform.
func (e *Engine) Health() Health { return Health{State: Stopped, LastErr: ErrPlatform} }

// Await returns ErrPlatform.
func (e *Engine) Await(context.Context) error { return ErrPlatform }

func (e *Engine) dial(context.Context) (net.Conn, error) { return nil, ErrPlatform }
