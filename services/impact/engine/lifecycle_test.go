//go:build linux || darwin

package engine

import (
	"context"
	"errors"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
)

var pointers = regexp.MustCompile(`0x[0-9a-f]{6,}`)

func TestRestartKeepsTables(t *testing.T) {
	e, conn := open(t)
	name := table(t, conn, "n UInt64")
	if err := insertN(t.Context(), conn, name, 0, 10); err != nil {
		t.Fatal(err)
	}
	killChild(t, e)
	if n := count(t, conn, name); n != 10 {
		t.Errorf("%d rows after a kill", n)
	}
	h := e.Health()
	if h.Restarts != 1 || h.LastErr == nil || !strings.Contains(h.LastErr.Error(), "killed") {
		t.Errorf("health: %+v", h)
	}
	dir := e.cfg.Dir
	_ = conn.Close()
	e.Stop()
	if s := e.Health().State; s != Stopped {
		t.Errorf("state %s", s)
	}
	if _, err := os.Stat(filepath.Join(dir, "engine.sock")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
	// A stale socket is in the way of the next start.
	if err := os.WriteFile(filepath.Join(dir, "engine.sock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, again := open(t, func(c *Config) { c.Dir = dir })
	if n := count(t, again, name); n != 10 {
		t.Errorf("%d rows after a stop and a start", n)
	}
}

func TestFolderInUse(t *testing.T) {
	e := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Config{Dir: e.cfg.Dir}); !errors.Is(err, ErrInUse) {
		t.Errorf("second start: %v", err)
	}
	if h := e.Health(); h.State != Ready {
		t.Errorf("the first suffered: %+v", h)
	}
}

// TestChildDiesWithParent runs this test binary as a parent that starts an
// engine and is killed.
func TestChildDiesWithParent(t *testing.T) {
	if dir := os.Getenv("CRIEUR_ENGINE_TEST_PARENT"); dir != "" {
		e, err := Start(t.Context(), Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Await(t.Context()); err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("ready\n")
		select {}
	}
	start(t).Stop() // skips without the library
	dir := filepath.Join(t.TempDir(), "ch")
	parent := osexec.Command(os.Args[0], "-test.run=^TestChildDiesWithParent$")
	parent.Env = append(os.Environ(), "CRIEUR_ENGINE_TEST_PARENT="+dir)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 6)
	if _, err := out.Read(buf); err != nil || string(buf) != "ready\n" {
		t.Fatalf("%q, %v", buf, err)
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	// The lock is shared with the child: that it can be taken says it is dead.
	e, err := Start(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	e.Stop()
}

func TestSignalsToTheGroupDoNotEndTheChild(t *testing.T) {
	e, conn := open(t)
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		if err := syscall.Kill(e.Health().PID, s); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if h := e.Health(); h.Restarts != 0 {
		t.Errorf("%+v", h)
	}
}

func TestStartFails(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  Config
		is   error
		says string
	}{
		{"no folder", Config{}, nil, "Dir"},
		{"no such library", Config{Library: "/nowhere/libchdb.so"}, ErrLibraryMissing, "/nowhere/libchdb.so"},
		{"open to the world", Config{Listen: "0.0.0.0:8123"}, nil, "loopback"},
		{"no port", Config{Listen: "localhost"}, nil, "Listen"},
	} {
		if c.name != "no folder" {
			c.cfg.Dir = t.TempDir()
		}
		e, err := Start(t.Context(), c.cfg)
		if err == nil {
			e.Stop()
			t.Errorf("%s: started", c.name)
			continue
		}
		if !strings.Contains(err.Error(), c.says) || (c.is != nil && !errors.Is(err, c.is)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestStartsOnceItCan: what is broken at the start is tried again, not the end of
// the program.
func TestStartsOnceItCan(t *testing.T) {
	start(t).Stop() // skips without the library
	library, err := FindLibrary("")
	if err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "libchdb.so")
	if err := os.WriteFile(broken, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := Start(t.Context(), Config{Dir: t.TempDir(), Library: broken})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	if err := e.Await(t.Context()); err == nil || !strings.Contains(err.Error(), "libchdb.so") {
		t.Errorf("%v", err)
	}
	if err := errors.Join(os.Remove(broken), os.Symlink(library, broken)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the engine starts", func() bool { return e.Health().State == Ready })
}

func TestFindLibrary(t *testing.T) {
	t.Run("unsupported platform", func(t *testing.T) {
		_, err := LibraryPackage("windows", "amd64")
		if !errors.Is(err, ErrPlatform) || !strings.Contains(err.Error(), "CLICKHOUSE_URL") {
			t.Error(err)
		}
	})
	t.Run("missing", func(t *testing.T) {
		t.Chdir(t.TempDir())
		t.Setenv("CRIEUR_LIBCHDB", "")
		_, err := FindLibrary("")
		if !errors.Is(err, ErrLibraryMissing) {
			t.Fatal(err)
		}
		for _, word := range []string{"@chdb/lib-", LibraryVersion, "make setup"} {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%q does not say %q", err, word)
			}
		}
	})
	t.Run("found from below", func(t *testing.T) {
		root := t.TempDir()
		for _, pkg := range []string{"lib-linux-x64-gnu", "lib-linux-arm64-gnu", "lib-darwin-x64", "lib-darwin-arm64"} {
			dir := filepath.Join(root, "services", "impact", "engine", "node_modules", "@chdb", pkg)
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "libchdb.so"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		below := filepath.Join(root, "services", "crieur", "deep")
		if err := os.MkdirAll(below, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Chdir(below)
		t.Setenv("CRIEUR_LIBCHDB", "")
		if path, err := FindLibrary(""); err != nil || !strings.HasSuffix(path, "libchdb.so") {
			t.Errorf("%s, %v", path, err)
		}
	})
}

func TestPackagePinsTheVersion(t *testing.T) {
	for _, file := range []string{"package.json", "package-lock.json"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, platform := range [][2]string{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}} {
			pkg, _ := LibraryPackage(platform[0], platform[1])
			if !strings.Contains(string(b), `"`+pkg+`": "`+LibraryVersion+`"`) {
				t.Errorf("%s does not pin %s at %s", file, pkg, LibraryVersion)
			}
		}
		if strings.Contains(string(b), "http") {
			t.Errorf("%s names a host", file)
		}
	}
}

func TestOptionsFromURL(t *testing.T) {
	o, err := OptionsFromURL("https://impact:s3cret@ch.example.org/crieur?max_execution_time=30")
	if err != nil {
		t.Fatal(err)
	}
	if o.Protocol != clickhouse.HTTP || o.Addr[0] != "ch.example.org:8443" || o.TLS == nil || o.Auth.Database != "crieur" ||
		o.Auth.Username != "impact" || o.Auth.Password != "s3cret" || o.Settings["async_insert"] != 0 || o.Settings["max_execution_time"] == nil {
		t.Errorf("%+v", o)
	}
	if o, err := OptionsFromURL("clickhouse://ch:9000?async_insert=1"); err != nil || o.Protocol != clickhouse.Native || o.Settings["async_insert"] == 0 {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range []string{"", "ch:8123", "ftp://u:s3cret@h/", "http://", "http://u:s3cret@[::1", "http://u:s3cret@h/?dial_timeout=x"} {
		if _, err := OptionsFromURL(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q leaks its password: %v", bad, err)
		}
	}
}
