package sign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/crieur/crieur/events/run"
	"github.com/crieur/crieur/services/publisher/channel"
)

// MQTT is where signs listen. Without a URL nothing is published.
type MQTT struct {
	URL          string     `yaml:"url"` // tcp://host:1883 or ssl://host:8883
	Username     string     `yaml:"username"`
	Password     run.Secret `yaml:"password"`
	PasswordFile string     `yaml:"password_file"`
}

func (m *MQTT) load() error {
	if m.URL == "" {
		return nil
	}
	u, err := url.Parse(m.URL)
	if err != nil || u.Host == "" || !slices.Contains([]string{"tcp", "ssl", "mqtt", "mqtts", "ws", "wss"}, u.Scheme) {
		return errors.New("url: must be tcp://host:port or ssl://host:port")
	}
	if u.User != nil {
		return errors.New("url: give username and password_file instead of a user in the URL")
	}
	m.Password, err = run.LoadSecret("password", m.Password, m.PasswordFile)
	return err
}

// Topic is where a sign listens. IDs are slugs: no dot, which NATS would read
// as a level.
func Topic(authority, sign string) string { return "crieur/" + authority + "/" + sign }

const (
	mqttTimeout = 10 * time.Second
	mqttRetry   = 5 * time.Second
)

// Run implements channel.Runner: it publishes each sign's display whenever it
// changes: by a delivery, an expiry, a start.
func (c *Channel) Run(ctx context.Context) error {
	if c.cfg.MQTT.URL == "" {
		<-ctx.Done()
		return nil
	}
	connected := make(chan struct{}, 1)
	client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(c.cfg.MQTT.URL).
		SetClientID("crieur-" + c.spec.Authority + "-" + c.spec.ID).
		SetUsername(c.cfg.MQTT.Username).SetPassword(c.cfg.MQTT.Password.Reveal()).
		SetCleanSession(true).SetAutoReconnect(true).SetConnectRetry(true).SetConnectRetryInterval(mqttRetry).
		SetConnectTimeout(mqttTimeout).SetKeepAlive(30 * time.Second).SetOrderMatters(false).
		SetOnConnectHandler(func(mqtt.Client) {
			select {
			case connected <- struct{}{}:
			default:
			}
		}))
	client.Connect()
	defer client.Disconnect(250)
	select {
	case <-ctx.Done():
		return nil
	case <-connected:
	case <-time.After(mqttTimeout):
	}
	shown := map[string]told{} // by sign
	for {
		changed := c.deps.Shelf.Changed(Kind)
		next, err := c.publishAll(ctx, client, shown)
		if err != nil && ctx.Err() == nil {
			c.deps.Logger.Warn("sign: mqtt", "authority", c.spec.Authority, "channel", c.spec.ID, "err", err)
			next = mqttRetry
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-changed:
		case <-connected:
			// A broker that was away may have forgotten what it retained.
			clear(shown)
		case <-timer.C:
		}
		timer.Stop()
	}
}

// signPoll is how often new signs are looked for.
const signPoll = 30 * time.Second

// mqttRepeat is when a display is published a second time. A broker keeps what
// is retained a moment after it passed it on, so that a sign which subscribes
// between the two gets neither; the repetition changes nothing for the others.
const mqttRepeat = 2 * time.Second

// told is what a sign was last told.
type told struct {
	hash  string
	again time.Time // when it is repeated; zero once it was
}

// publishAll publishes what changed and returns how long that stays right.
func (c *Channel) publishAll(ctx context.Context, client mqtt.Client, shown map[string]told) (time.Duration, error) {
	now, next := c.deps.Now(), signPoll
	for _, s := range c.deps.Directory.Signs(c.spec.Authority, c.spec.ID) {
		display, _, until := current(c.deps.Shelf, c.spec.Authority, s.ID, now)
		next = min(next, until.Sub(now))
		last, repeat := shown[s.ID], time.Time{}
		switch {
		case last.hash != display.Hash:
			repeat = now.Add(mqttRepeat)
			next = min(next, mqttRepeat)
		case last.again.IsZero():
			continue
		case now.Before(last.again):
			next = min(next, last.again.Sub(now))
			continue
		}
		body, err := json.Marshal(display)
		if err != nil {
			return next, err
		}
		if err := publish(ctx, client, Topic(c.spec.Authority, s.ID), body); err != nil {
			return next, fmt.Errorf("publish to sign %s: %w", s.ID, err)
		}
		shown[s.ID] = told{display.Hash, repeat}
	}
	return max(next, time.Millisecond), nil
}

func publish(ctx context.Context, client mqtt.Client, topic string, body []byte) error {
	if !client.IsConnectionOpen() {
		return errors.New("not connected")
	}
	token := client.Publish(topic, 1, true, body)
	timer := time.NewTimer(mqttTimeout)
	defer timer.Stop()
	select {
	case <-token.Done():
		return token.Error()
	case <-timer.C:
		return errors.New("no acknowledgement in time")
	case <-ctx.Done():
		return ctx.Err()
	}
}

var _ channel.Runner = (*Channel)(nil)
