package outside

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// smsc accepts every bind, takes every message and gives a delivery receipt
// for each a moment later, as SMPP 3.4 appendix B writes it.
type smsc struct {
	inbox *Inbox
	next  atomic.Int64
	parts sync.Map // destination|reference → parts of a long message
}

// serve answers connections until ctx ends.
func (s *smsc) serve(ctx context.Context, l net.Listener) error {
	return acceptUntil(ctx, l, s.session)
}

// session is one bind.
func (s *smsc) session(ctx context.Context, conn net.Conn) {
	var mu sync.Mutex
	write := func(p pdu.PDU) {
		b := pdu.NewBuffer(nil)
		p.Marshal(b)
		mu.Lock()
		defer mu.Unlock()
		// A client that is gone is seen by the reader.
		_, _ = conn.Write(b.Bytes())
	}
	r := bufio.NewReader(conn)
	var pending sync.WaitGroup
	defer pending.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for {
		p, err := pdu.Parse(r)
		if err != nil {
			return
		}
		switch p := p.(type) {
		case *pdu.SubmitSM:
			id := strconv.FormatInt(s.next.Add(1), 10)
			resp, ok := p.GetResponse().(*pdu.SubmitSMResp)
			if !ok {
				return
			}
			resp.MessageID = id
			s.receive(p)
			write(resp)
			pending.Go(func() { receipt(ctx, p, id, write) })
		case *pdu.Unbind:
			write(p.GetResponse())
			return
		default:
			if p.CanResponse() {
				write(p.GetResponse())
			}
		}
	}
}

// receive keeps a message once all its parts are there.
func (s *smsc) receive(p *pdu.SubmitSM) {
	text, err := p.Message.GetMessage()
	if err != nil {
		text = "[?]"
	}
	to := p.DestAddr.Address()
	total, number, ref, found := p.Message.UDH().GetConcatInfo()
	if found && total > 1 {
		key := fmt.Sprintf("%s|%d|%d", to, ref, total)
		v, _ := s.parts.LoadOrStore(key, &long{parts: make([]string, total)})
		whole, ok := v.(*long)
		if !ok {
			return
		}
		if text, ok = whole.put(int(number), text); !ok {
			return
		}
		s.parts.Delete(key)
	}
	s.inbox.add(Received{Kind: "sms", To: to, From: p.SourceAddr.Address(), Text: text})
}

// long is a message in several parts.
type long struct {
	mu    sync.Mutex
	parts []string
}

// put keeps a part, numbered from 1, and returns the text once it is whole.
func (l *long) put(number int, text string) (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if number < 1 || number > len(l.parts) {
		return "", false
	}
	l.parts[number-1] = text
	for _, p := range l.parts {
		if p == "" {
			return "", false
		}
	}
	return strings.Join(l.parts, ""), true
}

// receiptDelay is about what a handset takes.
const receiptDelay = 400 * time.Millisecond

func receipt(ctx context.Context, p *pdu.SubmitSM, id string, write func(pdu.PDU)) {
	if p.RegisteredDelivery == 0 {
		return
	}
	select {
	case <-time.After(receiptDelay):
	case <-ctx.Done():
		return
	}
	d, ok := pdu.NewDeliverSM().(*pdu.DeliverSM)
	if !ok {
		return
	}
	d.SourceAddr, d.DestAddr, d.EsmClass = p.DestAddr, p.SourceAddr, data.SM_SMSC_DLV_RCPT_TYPE
	now := time.Now().UTC().Format("0601021504")
	text := fmt.Sprintf("id:%s sub:001 dlvrd:001 submit date:%s done date:%s stat:DELIVRD err:000 text:", id, now, now)
	if d.Message.SetMessageWithEncoding(text, data.GSM7BIT) == nil {
		write(d)
	}
}

// acceptUntil runs handle for each connection and closes them when ctx ends.
func acceptUntil(ctx context.Context, l net.Listener, handle func(context.Context, net.Conn)) error {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	var sessions sync.WaitGroup
	defer sessions.Wait()
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("outside: accept: %w", err)
		}
		sessions.Go(func() {
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			defer stop()
			defer func() { _ = conn.Close() }()
			handle(ctx, conn)
		})
	}
}
