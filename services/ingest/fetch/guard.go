package fetch

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/crieur/crieur/events"
)

// defaultPorts are the ports a public source may be asked on.
func defaultPorts() []uint16 { return []uint16{80, 443, 8080, 8443} }

// A Guard decides which addresses may be connected to.
// The zero value refuses every special-purpose address and allows no port.
// It is safe for concurrent use once built.
type Guard struct {
	// Allow lists ranges the operator trusts: any port of theirs may be asked.
	Allow []netip.Prefix
	// Ports lists the ports allowed on public addresses.
	Ports []uint16
}

// Check returns an [*Error] with events.ReasonForbidden when at may not be connected to.
func (g Guard) Check(at netip.AddrPort) error {
	addr := at.Addr().Unmap()
	if slices.ContainsFunc(g.Allow, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return nil
	}
	if name := specialPurpose(addr); name != "" {
		return &Error{Reason: events.ReasonForbidden, Detail: fmt.Sprintf("address %s is refused (%s)", addr, name)}
	}
	if !slices.Contains(g.Ports, at.Port()) {
		return &Error{Reason: events.ReasonForbidden, Detail: fmt.Sprintf("port %d is refused", at.Port())}
	}
	return nil
}

type special struct {
	prefix netip.Prefix
	name   string
}

// special4 follows the IANA IPv4 special-purpose registry, with the addresses
// at which clouds serve their metadata.
var special4 = []special{
	{netip.MustParsePrefix("0.0.0.0/8"), "unspecified"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "shared address space"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("168.63.129.16/32"), "cloud metadata"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.0.0.0/24"), "protocol assignments"},
	{netip.MustParsePrefix("192.0.2.0/24"), "documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "6to4 relay"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmark"},
	{netip.MustParsePrefix("198.51.100.0/24"), "documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
}

// special6 holds the refused parts of 2000::/3; all outside it is refused, which
// covers ::1, IPv4-compatible ::/96, NAT64 64:ff9b::/96, fc00::/7 (with
// fd00:ec2::254), fe80::/10, fec0::/10 and ff00::/8.
var special6 = []special{
	{netip.MustParsePrefix("2001::/32"), "Teredo"},
	{netip.MustParsePrefix("2001::/23"), "protocol assignments"},
	{netip.MustParsePrefix("2001:db8::/32"), "documentation"},
	{netip.MustParsePrefix("2002::/16"), "6to4"},
	{netip.MustParsePrefix("3fff::/20"), "documentation"},
}

var globalUnicast6 = netip.MustParsePrefix("2000::/3")

// specialPurpose names the registry entry of an unmapped address, or returns ""
// for an ordinary public one.
func specialPurpose(addr netip.Addr) string {
	switch {
	case !addr.IsValid():
		return "invalid"
	case addr.Zone() != "":
		return "scoped"
	}
	list := special4
	if addr.Is6() {
		if !globalUnicast6.Contains(addr) {
			return "not global unicast"
		}
		list = special6
	}
	for _, s := range list {
		if s.prefix.Contains(addr) {
			return s.name
		}
	}
	return ""
}

// oddIPv4 reports whether a host is a number that some resolvers read as an IPv4
// address though it is not written a.b.c.d: 2130706433, 0x7f.1, 0177.0.0.1,
// 127.1 (WHATWG URL, "ends in a number").
func oddIPv4(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == "" {
		return false
	}
	if _, err := strconv.ParseUint(last, 10, 64); err != nil {
		lower := strings.ToLower(last)
		if !strings.HasPrefix(lower, "0x") || strings.Trim(lower[2:], "0123456789abcdef") != "" {
			return false
		}
	}
	addr, err := netip.ParseAddr(host)
	return err != nil || addr.String() != host
}
