package eventstest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// FreeAddr returns a host:port of loopback for a program that must be told where
// to listen. It is not of those ports that the system gives to whoever does not
// choose, so that nobody is given it before that program begins.
func FreeAddr(t testing.TB) string {
	t.Helper()
	var err error
	for range 100 {
		var l net.Listener
		addr := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000)) //nolint:gosec // a test's
		if l, err = net.Listen("tcp", addr); err == nil {
			_ = l.Close()
			return addr
		}
	}
	t.Fatal(err)
	return ""
}
