package eventstest

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// nodeEnv makes a process of the test's binary a node of a Cluster.
const nodeEnv = "CRIEUR_TEST_NATS_NODE"

// node is what a process is told to be.
type node struct {
	Name, Dir   string
	Addr, Route string // host:port
	Routes      []string
}

// Cluster is nats-servers with JetStream, each in a process of its own, so that
// one can be killed.
type Cluster struct {
	// URL names all of them.
	URL string

	nodes []node
	cmds  []*exec.Cmd
	test  string
}

// RunNode is the body of the test that a Cluster's processes run: a test named
// by StartCluster calls nothing else. It skips in an ordinary run.
func RunNode(t *testing.T) {
	t.Helper()
	told := os.Getenv(nodeEnv)
	if told == "" {
		t.Skip("only as a process of a cluster")
	}
	var n node
	if err := json.Unmarshal([]byte(told), &n); err != nil {
		t.Fatal(err)
	}
	opts := &server.Options{
		ServerName: n.Name, Host: "127.0.0.1", Port: portOf(t, n.Addr), JetStream: true, StoreDir: n.Dir, NoSigs: true,
		Cluster: server.ClusterOpts{Name: "crieur", Host: "127.0.0.1", Port: portOf(t, n.Route)},
	}
	opts.Routes = server.RoutesFromStr(strings.Join(n.Routes, ","))
	s, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	s.WaitForShutdown()
}

// StartCluster starts servers, three for one that outlives a loss, as processes
// of the test named, whose body is RunNode. They end with the test.
func StartCluster(t testing.TB, size int, test string) *Cluster {
	t.Helper()
	c := &Cluster{nodes: make([]node, size), cmds: make([]*exec.Cmd, size), test: test}
	var routes, urls []string
	for i := range c.nodes {
		c.nodes[i] = node{Name: "node-" + strconv.Itoa(i), Dir: t.TempDir(), Addr: FreeAddr(t), Route: FreeAddr(t)}
		routes = append(routes, "nats://"+c.nodes[i].Route)
		urls = append(urls, "nats://"+c.nodes[i].Addr)
	}
	for i := range c.nodes {
		c.nodes[i].Routes = routes
	}
	c.URL = strings.Join(urls, ",")
	t.Cleanup(func() {
		for i := range c.cmds {
			c.Kill(i)
		}
	})
	for i := range c.nodes {
		c.Start(t, i)
	}
	nc, err := nats.Connect(c.URL, nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	Eventually(t, func() bool {
		_, err := js.CreateOrUpdateStream(t.Context(), jetstream.StreamConfig{Name: "READY", Subjects: []string{"ready"}, Replicas: size})
		return err == nil
	}, 30*time.Second, "the cluster is not ready")
	return c
}

// Start starts a node, again where it was.
func (c *Cluster) Start(t testing.TB, i int) {
	t.Helper()
	told, err := json.Marshal(c.nodes[i])
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+c.test+"$", "-test.timeout=10m")
	cmd.Env = append(os.Environ(), nodeEnv+"="+string(told))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.cmds[i] = cmd
}

// Kill ends a node at once, with SIGKILL.
func (c *Cluster) Kill(i int) {
	if c.cmds[i] == nil {
		return
	}
	_ = c.cmds[i].Process.Kill() // it may have ended
	_ = c.cmds[i].Wait()
	c.cmds[i] = nil
}

// Leader is the node that leads a stream, by its place.
func (c *Cluster) Leader(t testing.TB, stream jetstream.Stream) int {
	t.Helper()
	info, err := stream.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range c.nodes {
		if info.Cluster != nil && info.Cluster.Leader == n.Name {
			return i
		}
	}
	t.Fatal("the stream has no leader")
	return -1
}

func portOf(t testing.TB, addr string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return port
}
