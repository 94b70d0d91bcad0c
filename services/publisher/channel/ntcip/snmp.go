package ntcip

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// The objects of NTCIP 1203 that are used, under dms.
const (
	dms            = ".1.3.6.1.4.1.1206.4.2.3."
	colMulti       = "3" // dmsMessageMultiString
	colOwner       = "4"
	colCRC         = "5"
	colPriority    = "8" // dmsMessageRunTimePriority
	colStatus      = "9"
	validateError  = dms + "5.9.0"
	activate       = dms + "6.3.0"   // dmsActivateMessage
	source         = dms + "6.5.0"   // dmsMsgTableSource
	activateError  = dms + "6.17.0"  // dmsActivateMsgError
	shortError     = dms + "9.7.1.0" // shortErrorStatus
	changeable     = 3               // memory types
	blank          = 7
	statusValid    = 4
	statusError    = 5
	modifyReq      = 6
	validateReq    = 7
	maxMinutes     = 65534 // 65535 is for ever
	validateTries  = 20
	validatePause  = 250 * time.Millisecond
	owner          = "crieur"
	messageIDBytes = 5
)

// column is an object of a message.
func column(col string, memory, number int) string {
	return dms + "5.8.1." + col + "." + strconv.Itoa(memory) + "." + strconv.Itoa(number)
}

// refused is an SNMP error-status of the sign.
type refused struct {
	what   string
	status gosnmp.SNMPError
}

func (r *refused) Error() string {
	return fmt.Sprintf("ntcip: %s: the sign answers %s", r.what, r.status)
}

// dialog is one exchange with a sign.
type dialog struct {
	ctx  context.Context //nolint:containedctx // of this one exchange
	snmp *gosnmp.GoSNMP
}

// open makes a dialog: SNMPv1 over UDP says nothing yet.
func open(ctx context.Context, s Sign, timeout time.Duration) (*dialog, error) {
	host, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, events.Permanent(events.ReasonInvalidConfig, err)
	}
	p, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, events.Permanent(events.ReasonInvalidConfig, err)
	}
	g := &gosnmp.GoSNMP{
		Target: host, Port: uint16(p), Transport: "udp", Version: gosnmp.Version1, Community: s.Community.Reveal(),
		Timeout: timeout / 3, Retries: 2, MaxOids: gosnmp.MaxOids, Context: ctx,
	}
	if err := g.Connect(); err != nil {
		return nil, channel.FromNetwork(fmt.Errorf("ntcip: %w", err), false)
	}
	return &dialog{ctx: ctx, snmp: g}, nil
}

func (d *dialog) close() { _ = d.snmp.Conn.Close() } // a UDP socket has nothing to lose

// failed is the meaning of a lost packet. Writing twice is once: it is no
// ambiguity.
func failed(what string, err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) || strings.Contains(err.Error(), syscall.ECONNREFUSED.Error()) {
		return events.Transient(events.ReasonConnection, fmt.Errorf("ntcip: %s: %w", what, err), 0)
	}
	return events.Transient(events.ReasonTimeout, fmt.Errorf("ntcip: %s: %w", what, err), 0)
}

func (d *dialog) get(what, oid string) (gosnmp.SnmpPDU, error) {
	p, err := d.snmp.Get([]string{oid})
	switch {
	case err != nil:
		return gosnmp.SnmpPDU{}, failed(what, err)
	case p.Error != gosnmp.NoError || len(p.Variables) != 1:
		return gosnmp.SnmpPDU{}, events.Permanent(events.ReasonRejected, &refused{what, p.Error})
	}
	return p.Variables[0], nil
}

func (d *dialog) number(what, oid string) (int, error) {
	v, err := d.get(what, oid)
	if err != nil {
		return 0, err
	}
	return int(gosnmp.ToBigInt(v.Value).Int64()), nil
}

func (d *dialog) set(what string, pdus ...gosnmp.SnmpPDU) error {
	p, err := d.snmp.Set(pdus)
	switch {
	case err != nil:
		return failed(what, err)
	case p.Error == gosnmp.NoError:
		return nil
	case p.Error == gosnmp.ReadOnly || p.Error == gosnmp.NoSuchName:
		return events.Permanent(events.ReasonForbidden, &refused{what, p.Error})
	}
	return events.Permanent(events.ReasonRejected, &refused{what, p.Error})
}

func integer(oid string, v int) gosnmp.SnmpPDU {
	return gosnmp.SnmpPDU{Name: oid, Type: gosnmp.Integer, Value: v}
}

func octets(oid string, v []byte) gosnmp.SnmpPDU {
	return gosnmp.SnmpPDU{Name: oid, Type: gosnmp.OctetString, Value: v}
}

// write puts a text in a changeable message and returns its CRC, as the sign
// computes it.
func (d *dialog) write(multi string, s Sign) (int, error) {
	at := func(col string) string { return column(col, changeable, s.Message) }
	if err := d.set("dmsMessageStatus modifyReq", integer(at(colStatus), modifyReq)); err != nil {
		return 0, err
	}
	for _, v := range []struct {
		what string
		pdu  gosnmp.SnmpPDU
	}{
		{"dmsMessageMultiString", octets(at(colMulti), latin1(multi))},
		{"dmsMessageOwner", octets(at(colOwner), []byte(owner))},
		{"dmsMessageRunTimePriority", integer(at(colPriority), s.Priority)},
		{"dmsMessageStatus validateReq", integer(at(colStatus), validateReq)},
	} {
		if err := d.set(v.what, v.pdu); err != nil {
			return 0, err
		}
	}
	for range validateTries {
		status, err := d.number("dmsMessageStatus", at(colStatus))
		switch {
		case err != nil:
			return 0, err
		case status == statusValid:
			return d.number("dmsMessageCRC", at(colCRC))
		case status == statusError:
			why, err := d.number("dmsValidateMessageError", validateError)
			if err != nil {
				return 0, err
			}
			return 0, events.Permanentf(events.ReasonRejected, "ntcip: the sign refuses the message: dmsValidateMessageError %d", why)
		}
		timer := time.NewTimer(validatePause)
		select {
		case <-timer.C:
		case <-d.ctx.Done():
			timer.Stop()
			return 0, events.Transient(events.ReasonTimeout, d.ctx.Err(), 0)
		}
	}
	return 0, events.Transient(events.ReasonUnavailable, errors.New("ntcip: the sign does not end its validation"), 0)
}

// show activates a message and holds what the sign shows against it. It returns
// the message's MessageIDCode.
func (d *dialog) show(memory, number, crc, minutes, priority int) ([]byte, error) {
	code := binary.BigEndian.AppendUint16(nil, uint16(min(max(minutes, 1), maxMinutes)))
	code = append(code, byte(priority), byte(memory))
	code = binary.BigEndian.AppendUint16(code, uint16(number))
	code = binary.BigEndian.AppendUint16(code, uint16(crc))
	id := code[3:8]
	code = append(code, 127, 0, 0, 1) // who asks: the address is the sign's to log
	if err := d.set("dmsActivateMessage", octets(activate, code)); err != nil {
		if r := (*refused)(nil); errors.As(err, &r) && r.status == gosnmp.GenErr {
			why, err2 := d.number("dmsActivateMsgError", activateError)
			if err2 != nil {
				return nil, err2
			}
			return nil, activation(why)
		}
		return nil, err
	}
	got, err := d.shows()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(got, id) {
		return nil, events.Transient(events.ReasonUnavailable, errors.New("ntcip: the sign shows another message than the one activated"), 0)
	}
	return id, nil
}

// shows is the MessageIDCode of what the sign shows.
func (d *dialog) shows() ([]byte, error) {
	v, err := d.get("dmsMsgTableSource", source)
	if err != nil {
		return nil, err
	}
	got, ok := v.Value.([]byte)
	if !ok || len(got) != messageIDBytes {
		return nil, events.Permanentf(events.ReasonRejected, "ntcip: dmsMsgTableSource: not %d octets", messageIDBytes)
	}
	return got, nil
}

// activation is the meaning of dmsActivateMsgError (NTCIP 1203, 5.7.17).
func activation(why int) error {
	err := fmt.Errorf("ntcip: the sign does not show the message: dmsActivateMsgError %d", why)
	switch why {
	case 3: // a message of higher priority is shown
		return events.Transient(events.ReasonUnavailable, err, time.Minute)
	case 9, 10, 11: // local, or another central, has the sign
		return events.Transient(events.ReasonForbidden, err, time.Minute)
	}
	return events.Permanent(events.ReasonRejected, err)
}
