package ntcip_test

import (
	"encoding/binary"
	"hash/crc32"
	"net"
	"sync"
	"testing"

	"github.com/gosnmp/gosnmp"
)

const dms = ".1.3.6.1.4.1.1206.4.2.3."

// agent is the part of a sign that NTCIP 1203 describes and we use: message 1
// of changeable memory, the blank message, validation and activation.
type agent struct {
	conn net.PacketConn

	mu        sync.Mutex
	multi     []byte
	status    int
	crc       int
	shown     []byte // dmsMsgTableSource
	minutes   int
	display   string // what people see
	writes    int
	actError  int
	silent    bool
	refuse    gosnmp.SNMPError // of every request
	syntaxBad bool
	local     bool // somebody stands at the cabinet
	faults    int  // shortErrorStatus
	noFaults  bool // it has not that object
}

func startAgent(t *testing.T) *agent {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &agent{conn: conn, status: 1, actError: 2, shown: []byte{7, 0, 1, 0, 0}}
	ended := make(chan struct{})
	go func() { defer close(ended); a.serve() }()
	t.Cleanup(func() { _ = conn.Close(); <-ended })
	return a
}

func (a *agent) serve() {
	buf := make([]byte, 65536)
	for {
		n, from, err := a.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		decoder := &gosnmp.GoSNMP{Version: gosnmp.Version1}
		p, err := decoder.SnmpDecodePacket(append([]byte(nil), buf[:n]...))
		if err != nil || p.Community != community {
			continue // as 1203's SNMPv1: no answer to a wrong community
		}
		if !a.answer(p) {
			continue
		}
		p.PDUType = gosnmp.GetResponse
		out, err := p.MarshalMsg()
		if err == nil {
			_, _ = a.conn.WriteTo(out, from)
		}
	}
}

func (a *agent) answer(p *gosnmp.SnmpPacket) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.silent {
		return false
	}
	p.Error = a.refuse
	if p.Error != gosnmp.NoError {
		p.ErrorIndex = 1
		return true
	}
	for i := range p.Variables {
		v := &p.Variables[i]
		if p.PDUType == gosnmp.SetRequest {
			p.Error = a.set(v)
		} else {
			p.Error = a.get(v)
		}
		if p.Error != gosnmp.NoError {
			p.ErrorIndex = uint8(i + 1)
		}
	}
	return true
}

func (a *agent) get(v *gosnmp.SnmpPDU) gosnmp.SNMPError {
	v.Type = gosnmp.Integer
	switch v.Name {
	case dms + "5.8.1.9.3.1":
		if a.status == 3 { // validating, until it is asked once
			v.Value = 3
			a.validate()
			return gosnmp.NoError
		}
		v.Value = a.status
	case dms + "5.8.1.5.3.1":
		v.Value = a.crc
	case dms + "5.8.1.5.7.1":
		v.Value = 0
	case dms + "5.9.0":
		v.Value = 5
	case dms + "9.7.1.0":
		if a.noFaults {
			v.Type, v.Value = gosnmp.Null, nil
			return gosnmp.NoSuchName
		}
		v.Value = a.faults
	case dms + "6.17.0":
		v.Value = a.actError
	case dms + "6.5.0":
		v.Type, v.Value = gosnmp.OctetString, append([]byte(nil), a.shown...)
	default:
		v.Type, v.Value = gosnmp.Null, nil
		return gosnmp.NoSuchName
	}
	return gosnmp.NoError
}

func (a *agent) validate() {
	if a.syntaxBad {
		a.status = 5
		return
	}
	a.status, a.crc = 4, int(crc32.ChecksumIEEE(a.multi)&0xFFFF) // any: it is the sign's own
}

func (a *agent) set(v *gosnmp.SnmpPDU) gosnmp.SNMPError {
	switch v.Name {
	case dms + "5.8.1.9.3.1":
		switch v.Value.(int) {
		case 6:
			a.status = 2
		case 7:
			if a.status != 2 {
				return gosnmp.GenErr
			}
			a.status = 3
		default:
			return gosnmp.BadValue
		}
	case dms + "5.8.1.3.3.1", dms + "5.8.1.4.3.1", dms + "5.8.1.8.3.1":
		if a.status != 2 {
			return gosnmp.GenErr // only while modifying
		}
		if v.Name == dms+"5.8.1.3.3.1" {
			a.multi = append([]byte(nil), v.Value.([]byte)...)
			a.writes++
		}
	case dms + "6.3.0":
		return a.activate(v.Value.([]byte))
	default:
		return gosnmp.NoSuchName
	}
	return gosnmp.NoError
}

func (a *agent) activate(code []byte) gosnmp.SNMPError {
	if len(code) != 12 {
		return gosnmp.BadValue
	}
	memory, number, crc := code[3], binary.BigEndian.Uint16(code[4:]), int(binary.BigEndian.Uint16(code[6:]))
	a.actError = 2
	switch {
	case a.local:
		a.actError = 9
	case memory == 3 && (a.status != 4 || number != 1):
		a.actError = 4
	case memory == 3 && crc != a.crc:
		a.actError = 7
	}
	if a.actError != 2 {
		return gosnmp.GenErr
	}
	a.shown, a.minutes, a.display = append([]byte(nil), code[3:8]...), int(binary.BigEndian.Uint16(code)), ""
	if memory == 3 {
		a.display = string(a.multi)
	}
	return gosnmp.NoError
}

func (a *agent) look() (display string, minutes, writes int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.display, a.minutes, a.writes
}

func (a *agent) be(change func(*agent)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(a)
}
