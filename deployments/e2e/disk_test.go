package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// smallDisk mounts a file system of its own for the data folder.
func (in *installation) smallDisk(megabytes int) {
	in.t.Helper()
	if err := os.MkdirAll(in.data(), 0o700); err != nil {
		in.t.Fatal(err)
	}
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", megabytes), "tmpfs", in.data()).CombinedOutput()
	if err != nil {
		in.t.Skipf("a small disk needs the right to mount one (root): %s", out)
	}
	in.t.Cleanup(func() {
		in.kill()
		if out, err := exec.Command("umount", "-l", in.data()).CombinedOutput(); err != nil {
			in.t.Errorf("umount: %s", out)
		}
	})
}

// fill takes all that is left of the disk, and returns what gives it back.
func (in *installation) fill() (empty func()) {
	in.t.Helper()
	path := filepath.Join(in.data(), "ballast")
	out, err := exec.Command("dd", "if=/dev/zero", "of="+path, "bs=64k").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "No space left") {
		in.t.Fatalf("the disk is not full: %s", out)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			in.t.Fatal(err)
		}
	}
}

// A disk that fills under way: what is accepted is kept, what cannot be kept is
// refused so that its sender tries again, the operator is told, and all goes on
// by itself once there is room.
func TestDiskFillsUnderWay(t *testing.T) {
	if os.Getenv("CRIEUR_SLOW") == "" {
		t.Skip("make test-slow: a server that does not answer is waited for")
	}
	in := install(t, "")
	in.smallDisk(700)
	s := startSink(t)
	password := filepath.Join(in.dir, "smpp.secret")
	write(t, password, "secret")
	in.counterSecret()
	in.append(fmt.Sprintf(killConfig, smsWindow, 0, s.port(), password))
	in.start()
	enrol(t, in.bus(), 3)
	in.post("guichet", benchSecret, item("avant", "Avant le disque plein"))
	until(t, 20*time.Second, func() bool { return s.received.Load() == 3 })

	empty := in.fill()
	accepted, refused := 0, 0
	for n := range 200 {
		switch status := in.posted("guichet", benchSecret, item(fmt.Sprintf("plein-%d", n), fmt.Sprintf("Pendant le disque plein, numéro %d", n))); {
		case status == http.StatusAccepted:
			accepted++
		case status >= 500:
			refused++
		default:
			t.Fatalf("post %d: status %d", n, status)
		}
		if refused == 2 {
			break
		}
	}
	t.Logf("%d accepted and %d refused while the disk was full", accepted, refused)
	if refused == 0 {
		t.Error("a full disk refused nothing: what was accepted cannot have been kept")
	}
	log, err := os.ReadFile(in.log.Name())
	if err != nil || !contains(string(log), "no space") && !contains(string(log), "insufficient") {
		t.Errorf("the log does not say that the disk is full (%v)", err)
	}
	empty()
	until(t, 60*time.Second, func() bool {
		return in.posted("guichet", benchSecret, item("apres", "Après le disque plein")) == http.StatusAccepted
	})
	// What was in hand when the disk was full comes back by its back-off.
	until(t, 4*time.Minute, func() bool { return s.received.Load() >= int64(3*(accepted+2)) })
	in.shows("/c/ville", "Apr")
	in.stop()
	in.start()
	in.shows("/c/ville", "Avant le disque plein")
	if got, want := s.received.Load(), int64(3*(accepted+2)); got != want {
		t.Errorf("%d SMS, want %d", got, want)
	}
	in.stop()
}

func item(id, title string) map[string]any {
	return map[string]any{"id": id, "title": title, "body": "Demain de 9 h à 12 h.", "class": "service"}
}
