package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/crieur/crieur/events/eventstest"
)

// buildOnce builds the program once for all scenarios.
var buildOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "crieur-e2e-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "crieur")
	out, err := exec.Command("go", "build", "-o", bin, "github.com/crieur/crieur/services/crieur").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, nil
})

// installation is one Crieur: a folder, a configuration, and a process that
// comes and goes.
type installation struct {
	t      testing.TB
	bin    string
	dir    string
	listen string
	nats   string
	args   []string // of run, besides the configuration
	env    []string // NAME=value, besides the test's own
	cmd    *exec.Cmd
	exited chan struct{}
	log    *os.File
}

// install writes a configuration: head, with its own addresses, and body.
func install(t testing.TB, body string) *installation {
	t.Helper()
	bin, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	in := &installation{t: t, bin: bin, dir: t.TempDir(), listen: eventstest.FreeAddr(t), nats: eventstest.FreeAddr(t)}
	head := fmt.Sprintf("data: %s\nlisten: %s\npublicURL: http://%s\nnats:\n  listen: %s\n", filepath.Join(in.dir, "data"), in.listen, in.listen, in.nats)
	if err := os.WriteFile(in.config(), []byte(head+body), 0o600); err != nil {
		t.Fatal(err)
	}
	if in.log, err = os.Create(filepath.Join(in.dir, "log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.kill()
		_ = in.log.Close()
		if t.Failed() {
			in.dumpLog()
		}
	})
	return in
}

func (in *installation) config() string { return filepath.Join(in.dir, "crieur.yaml") }
func (in *installation) data() string   { return filepath.Join(in.dir, "data") }

// counterSecret stores what the counter's web hook signs with.
func (in *installation) counterSecret() {
	in.t.Helper()
	write(in.t, filepath.Join(in.data(), "secrets", "guichet.secret"), benchSecret)
}

// dumpLog shows the end of the program's log.
func (in *installation) dumpLog() {
	body, err := os.ReadFile(in.log.Name())
	if err != nil {
		return
	}
	lines := strings.Split(string(body), "\n")
	in.t.Logf("end of the log:\n%s", strings.Join(lines[max(0, len(lines)-60):], "\n"))
}

// start starts the program and waits until it is ready.
func (in *installation) start() {
	in.t.Helper()
	in.spawn()
	in.awaitReady(60 * time.Second)
}

// spawn starts the program.
func (in *installation) spawn() {
	in.t.Helper()
	in.cmd = exec.Command(in.bin, append([]string{"run", "--config", in.config()}, in.args...)...)
	in.cmd.Env = append(os.Environ(), "CRIEUR_LIBCHDB="+os.Getenv("CRIEUR_LIBCHDB"))
	in.cmd.Env = append(in.cmd.Env, in.env...)
	in.cmd.Dir = repository()
	in.cmd.Stdout, in.cmd.Stderr = in.log, in.log
	if err := in.cmd.Start(); err != nil {
		in.t.Fatal(err)
	}
	in.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait()
		close(exited)
	}(in.cmd, in.exited)
}

// repository is the root of the checkout, where npm's libchdb is found.
func repository() string {
	dir, err := filepath.Abs("../..")
	if err != nil {
		return "."
	}
	return dir
}

func (in *installation) awaitReady(within time.Duration) {
	in.t.Helper()
	ctx, cancel := context.WithTimeout(in.t.Context(), within)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	last := "no answer"
	for {
		if resp, err := http.Get("http://" + in.listen + "/readyz"); err == nil {
			body, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
			last = string(body)
		}
		select {
		case <-ctx.Done():
			in.t.Fatalf("not ready within %s: %s", within, last)
		case <-in.exited:
			in.t.Fatal("the program ended at its start")
		case <-tick.C:
		}
	}
}

// kill ends the program with SIGKILL, and waits for its end. What the kernel has
// of its files stays: a power cut is another thing.
func (in *installation) kill() {
	if in.cmd == nil {
		return
	}
	_ = in.cmd.Process.Kill()
	<-in.exited
	in.cmd = nil
}

// stop ends it politely and checks that it takes at most five seconds.
func (in *installation) stop() {
	in.t.Helper()
	from := time.Now()
	if err := in.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		in.t.Fatal(err)
	}
	select {
	case <-in.exited:
	case <-time.After(15 * time.Second):
		in.t.Error("SIGTERM did not end the program")
		in.kill()
		return
	}
	if d := time.Since(from); d > 5*time.Second {
		in.t.Errorf("the stop took %s", d)
	}
	if code := in.cmd.ProcessState.ExitCode(); code != 0 {
		in.t.Errorf("the stop ended with code %d", code)
	}
	in.cmd = nil
}

// bus connects to the embedded NATS.
func (in *installation) bus() *nats.Conn {
	in.t.Helper()
	secret, err := os.ReadFile(filepath.Join(in.data(), "nats.secret"))
	if err != nil {
		in.t.Fatal(err)
	}
	nc, err := nats.Connect("nats://"+in.nats, nats.UserInfo("crieur", strings.TrimSpace(string(secret))), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		in.t.Fatal(err)
	}
	in.t.Cleanup(nc.Close)
	return nc
}

// lines gives a program's standard output line by line.
func lines(t testing.TB, cmd *exec.Cmd, each func(string)) io.WriteCloser {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s := bufio.NewScanner(out)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			each(s.Text())
		}
	}()
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		<-done
		_ = cmd.Wait()
	})
	return in
}
