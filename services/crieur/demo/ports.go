package demo

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"

	"github.com/crieur/crieur/services/crieur/demo/outside"
	"github.com/crieur/crieur/services/crieur/program"
)

// Ports of the local stand-ins, on loopback, from a first one on.
const (
	portSite = iota
	portSMPP
	portSMTP
	portWeb
	portMQTT
)

// Where the first one is looked for. The data folder remembers what was found,
// as the registry remembers the addresses; a second demonstration beside takes
// the next ten.
const (
	leastPort = 18100
	mostPort  = 18190
	portStep  = 10
)

// listen opens the stand-ins and the site; it returns the first port.
func listen(data string) (*outside.World, net.Listener, int, error) {
	inbox := filepath.Join(data, "demo", "inbox.json")
	var world *outside.World
	var site net.Listener
	var taken error
	kept, err := program.Keep(filepath.Join(data, "demo", "port"), func() string {
		for first := leastPort; first <= mostPort; first += portStep {
			if world, site, taken = listenFrom(first, inbox); taken == nil {
				return strconv.Itoa(first)
			}
		}
		return strconv.Itoa(leastPort)
	})
	if err != nil {
		return nil, nil, 0, err
	}
	if taken != nil {
		return nil, nil, 0, taken
	}
	first, err := strconv.Atoi(kept)
	if err != nil {
		return nil, nil, 0, fmt.Errorf("demo: port: %w", err)
	}
	if world == nil {
		if world, site, err = listenFrom(first, inbox); err != nil {
			return nil, nil, 0, fmt.Errorf("%w; does this demonstration run already?", err)
		}
	}
	return world, site, first, nil
}

func listenFrom(first int, inbox string) (*outside.World, net.Listener, error) {
	world, err := outside.Listen(outside.Ports{SMPP: first + portSMPP, SMTP: first + portSMTP, HTTP: first + portWeb}, inbox)
	if err != nil {
		return nil, nil, err
	}
	site, err := net.Listen("tcp", loopback(first+portSite))
	if err != nil {
		world.Close()
		return nil, nil, fmt.Errorf("demo: %w", err)
	}
	// NATS opens it later.
	mqtt, err := net.Listen("tcp", loopback(first+portMQTT))
	if err == nil {
		err = mqtt.Close()
	}
	if err != nil {
		world.Close()
		return nil, nil, errors.Join(fmt.Errorf("demo: %w", err), site.Close())
	}
	return world, site, nil
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
