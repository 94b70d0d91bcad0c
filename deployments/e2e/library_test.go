package e2e_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/linxGnu/gosmpp"
	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// libraryClient sends n messages by a client library others wrote, over some
// binds with a window each, and returns once all are answered: what a program
// that does nothing else but send has.
func libraryClient(t testing.TB, address string, n, binds, window int) {
	t.Helper()
	var all sync.WaitGroup
	for i := range binds {
		all.Go(func() {
			if err := libraryBind(address, i*n/binds, (i+1)*n/binds, max(1, window/binds)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func libraryBind(address string, from, to, window int) error {
	places, lost := make(chan struct{}, window), make(chan struct{})
	var answers sync.WaitGroup
	session, err := gosmpp.NewSession(
		gosmpp.TRXConnector(gosmpp.NonTLSDialer, gosmpp.Auth{SMSC: address, SystemID: "bare", Password: "secret"}),
		gosmpp.Settings{
			ReadTimeout: time.Minute,
			OnPDU: func(p pdu.PDU, _ bool) {
				if _, ok := p.(*pdu.SubmitSMResp); ok {
					<-places
					answers.Done()
				}
			},
			OnClosed: func(s gosmpp.State) {
				if s != gosmpp.ExplicitClosing {
					close(lost)
				}
			},
		}, -1)
	if err != nil {
		return err
	}
	for i := from; i < to; i++ {
		select {
		case places <- struct{}{}:
		case <-lost:
			return fmt.Errorf("the bind ended after %d messages", i-from)
		}
		answers.Add(1)
		msg, err := libraryMessage(i)
		if err != nil {
			return err
		}
		if err := session.Transceiver().Submit(msg); err != nil {
			return err
		}
	}
	answers.Wait()
	return session.Close()
}

func libraryMessage(i int) (pdu.PDU, error) {
	p, ok := pdu.NewSubmitSM().(*pdu.SubmitSM)
	if !ok {
		return nil, fmt.Errorf("not a submit_sm")
	}
	if err := p.DestAddr.SetAddress(fmt.Sprintf("336%08d", i)); err != nil {
		return nil, err
	}
	if err := p.SourceAddr.SetAddress("VILLE"); err != nil {
		return nil, err
	}
	return p, p.Message.SetMessageWithEncoding("Coupure d'eau rue Neuve demain de 9 h à 12 h.", data.LATIN1)
}
