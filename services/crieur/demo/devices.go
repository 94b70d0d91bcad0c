package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/crieur/crieur/events/keyfile"
	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/crieur/demo/outside"
)

// devicesInAll is how many invented telephones are notified.
const devicesInAll = 5

// device is a telephone and whether its owner has confirmed it.
type device struct {
	outside.Device
	Confirmed bool `json:"confirmed"`
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// devices turn notifications on as a browser does: the form of the portal, the
// code that comes as a notification, the code typed in.
func (s *Stage) devices(deps run.Deps) run.Service {
	return run.Func("demo-devices", func(ctx context.Context) error {
		for i := range devicesInAll {
			if err := s.turnOn(ctx, fmt.Sprintf("telephone-%d", i+1)); err != nil && ctx.Err() == nil {
				deps.Logger.Warn("demo: a telephone is not notified", "err", err)
			}
		}
		return nil
	})
}

func (s *Stage) turnOn(ctx context.Context, name string) error {
	d, file, err := s.device(name)
	if err != nil {
		return err
	}
	subscription, err := s.world.AddDevice(d.Device)
	if err != nil || d.Confirmed {
		return err
	}
	base := "http://" + s.cfg.Listen
	form := url.Values{"stream": {"alertes", "infos"}, "consent": {"1"}, "subscription": {subscription}}
	var next string
	for next == "" {
		// The portal may not answer, or know the channel, yet.
		if next, err = submit(ctx, base+"/c/"+town+"/notifications", form); err != nil {
			select {
			case <-ctx.Done():
				return err
			case <-time.After(200 * time.Millisecond):
			}
		}
	}
	code, err := s.code(ctx, name)
	if err != nil {
		return err
	}
	if _, err := submit(ctx, base+next, url.Values{"code": {code}}); err != nil {
		return err
	}
	d.Confirmed = true
	return write(file, d)
}

// device returns the telephone of a name, made at the first start.
func (s *Stage) device(name string) (device, string, error) {
	file := filepath.Join(s.cfg.Data, "demo", name+".json")
	var d device
	body, err := os.ReadFile(file)
	if err == nil {
		if err := json.Unmarshal(body, &d); err != nil {
			return d, file, fmt.Errorf("demo: %s: %w", file, err)
		}
		return d, file, nil
	}
	if d.Device, err = outside.NewDevice(name); err != nil {
		return d, file, err
	}
	return d, file, write(file, d)
}

func write(file string, d device) error {
	body, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("demo: %s: %w", file, err)
	}
	if err := keyfile.Replace(file, body); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

// submit posts a form and returns where its answer leads.
func submit(ctx context.Context, address string, form url.Values) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("demo: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := &http.Client{Timeout: 5 * time.Second, Transport: elsewhere(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return "", fmt.Errorf("demo: %w", err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		return "", fmt.Errorf("demo: %s: %s", req.URL.Path, resp.Status)
	}
	return resp.Header.Get("Location"), nil
}

// elsewhere asks from another loopback address where the system has one, so that
// the portal's limits are not used up for the visitor.
func elsewhere() *http.Transport {
	return &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		other := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
		conn, err := other.DialContext(ctx, network, address)
		if err != nil {
			conn, err = new(net.Dialer).DialContext(ctx, network, address)
		}
		return conn, err
	}}
}

// code waits for the notification that holds a device's code.
func (s *Stage) code(ctx context.Context, name string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		changed := s.world.Inbox.Changed()
		for _, got := range s.world.Inbox.List("push", devicesInAll) {
			if code := sixDigits.FindString(got.Title + "\n" + got.Text); got.To == name && code != "" {
				return code, nil
			}
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("demo: %s: no code came: %w", name, ctx.Err())
		case <-changed:
		}
	}
}
