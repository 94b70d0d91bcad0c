package channel_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/crieur/crieur/services/publisher/channel"
)

func TestStrangersReachOnlyThePublic(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	open := channel.Strangers(time.Second, netip.MustParsePrefix("127.0.0.0/8"))
	resp, err := open.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	closed := channel.Strangers(time.Second)
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	for _, url := range []string{
		server.URL, "http://localhost:" + port, "http://[::1]:" + port, "http://[::ffff:127.0.0.1]:" + port, "http://0.0.0.0:" + port,
		"http://10.0.0.1", "http://192.168.1.1", "http://169.254.169.254/latest/meta-data", "http://100.64.0.1", "http://198.18.0.1",
		"http://[fd00::1]", "http://[fe80::1]", "http://[64:ff9b::7f00:1]", "http://[2002:7f00:1::]", "http://8.8.8.8:25",
	} {
		resp, err := closed.Get(url)
		if err == nil {
			_ = resp.Body.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "not public") && !strings.Contains(err.Error(), "not one of the web") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
