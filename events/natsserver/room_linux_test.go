package natsserver_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/crieur/crieur/events/eventstest"
	"github.com/crieur/crieur/events/natsserver"
)

const diskEnv = "CRIEUR_TEST_DISK" // where the child mounts its disk

// TestDiskFills runs TestDiskFillsProcess in a mount name space of its own, so
// that it can have a small disk without being root.
func TestDiskFills(t *testing.T) {
	t.Parallel()
	child := exec.Command(os.Args[0], "-test.run=^TestDiskFillsProcess$", "-test.v")
	child.Env = append(os.Environ(), diskEnv+"="+t.TempDir())
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	var out strings.Builder
	child.Stdout, child.Stderr = &out, &out
	if err := child.Start(); err != nil {
		t.Skipf("this system gives no name space to who is not root: %v", err)
	}
	if err := child.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
	if strings.Contains(out.String(), "--- SKIP") {
		t.Skip(out.String())
	}
}

// TestDiskFillsProcess: what was accepted is kept, the rest is refused and the
// reason told, and all goes on by itself once there is room.
func TestDiskFillsProcess(t *testing.T) {
	dir := os.Getenv(diskEnv)
	if dir == "" {
		t.Skip("only as a child of TestDiskFills")
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32m"); err != nil {
		t.Skipf("no disk can be mounted: %v", err)
	}
	s, err := natsserver.Start(t.Context(), natsserver.Config{Dir: filepath.Join(dir, "nats"), MinFreeBytes: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	nc, err := s.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "A", Subjects: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, 64<<10)
	accepted := uint64(0)
	publish := func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := js.Publish(ctx, "a", body); err != nil {
			return false
		}
		accepted++
		return true
	}
	if !publish() {
		t.Fatal("nothing is accepted")
	}
	ballast := filepath.Join(dir, "ballast")
	fill(t, ballast)
	eventstest.Eventually(t, func() bool { publish(); return s.Health() != nil }, 30*time.Second, "the full disk is not told")
	if accepted > 100 {
		t.Fatalf("a full disk accepted %d messages", accepted)
	}
	if err := s.Health(); !strings.Contains(err.Error(), "nothing is accepted") {
		t.Errorf("%v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	eventstest.Eventually(t, func() bool { return s.Health() == nil }, 20*time.Second, "there is room, and it is not told")
	eventstest.Eventually(t, publish, 20*time.Second, "nothing is accepted although there is room")
	stream, err := js.Stream(t.Context(), "A")
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n < accepted {
		t.Errorf("%d messages are kept of %d accepted", n, accepted)
	}
}

// fill takes all that is left of the disk.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	_ = f.Close() // it is full
}
