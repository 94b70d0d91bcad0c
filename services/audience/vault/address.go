package vault

import (
	"errors"
	"net/mail"
	"strings"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	"github.com/crieur/crieur/services/audience/consent"
)

// The errors of Normalise. They do not quote the address.
var (
	ErrNumber  = errors.New("vault: not a telephone number that receives SMS")
	ErrEmail   = errors.New("vault: not an e-mail address")
	ErrPush    = errors.New("vault: not a push subscription")
	errNoKind  = errors.New("vault: no such kind of contact")
	maxAddress = 254 // bytes of an e-mail address: RFC 5321, 4.5.3.1.3
)

// Region returns the region that a number without country code is dialled in,
// by the INSEE codes of the authority: overseas numbers have their own country
// codes (arcep.fr, plan national de numérotation).
func Region(insee []string) string {
	regions := overseas()
	for _, code := range insee {
		if len(code) >= 3 && regions[code[:3]] != "" {
			return regions[code[:3]]
		}
	}
	return mainland
}

const mainland = "FR"

// overseas are the regions overseas, by the beginning of their INSEE codes.
func overseas() map[string]string {
	return map[string]string{
		"971": "GP", "972": "MQ", "973": "GF", "974": "RE", "975": "PM", "976": "YT",
		"977": "BL", "978": "MF", "986": "WF", "987": "PF", "988": "NC",
	}
}

// Abroad reports whether a normalised number is of another country.
func Abroad(number string) bool {
	n, err := phonenumbers.Parse(number, "")
	if err != nil {
		return true
	}
	country := phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode()))
	if country == mainland {
		return false
	}
	for _, region := range overseas() {
		if region == country {
			return false
		}
	}
	return true
}

// Normalise returns the one form of an address: E.164 for a number (dialled in
// a region where it has no country code, see Region), lower case for e-mail. A
// push subscription keeps its endpoint and its keys, in one order.
func Normalise(kind, address, region string) (string, error) {
	address = strings.TrimSpace(address)
	switch kind {
	case consent.SMS:
		return normaliseNumber(address, region)
	case consent.Email:
		return normaliseEmail(address)
	case consent.Push:
		return normalisePush(address)
	}
	return "", errNoKind
}

// fiction begins the numbers that Arcep keeps for works of fiction (plan
// national de numérotation, 06 39 98 xx xx): they are taken, so that a
// demonstration or a training never needs the number of a real person.
const fiction = "+3363998"

// normaliseNumber refuses numbers that no SMS reaches: fixed lines, short and
// premium numbers.
func normaliseNumber(s, region string) (string, error) {
	n, err := phonenumbers.Parse(s, region)
	if err != nil {
		return "", ErrNumber
	}
	if e164 := phonenumbers.Format(n, phonenumbers.E164); strings.HasPrefix(e164, fiction) && len(e164) == len("+33639980000") {
		return e164, nil
	}
	if !phonenumbers.IsValidNumber(n) {
		return "", ErrNumber
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return phonenumbers.Format(n, phonenumbers.E164), nil
	}
	return "", ErrNumber
}

func normaliseEmail(s string) (string, error) {
	s = strings.ToLower(s)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > maxAddress || !utf8.ValidString(s) {
		return "", ErrEmail
	}
	_, domain, _ := strings.Cut(s, "@")
	if !strings.Contains(strings.Trim(domain, "."), ".") || strings.ContainsAny(s, "\r\n\x00 ") {
		return "", ErrEmail
	}
	return s, nil
}

// Mask shows enough of an address for its owner to know it, and no more:
// "06 •• •• •• 78", "m•••@e•••.fr".
func Mask(kind, address string) string {
	const dots = "•••"
	switch kind {
	case consent.SMS:
		if len(address) < 4 {
			return dots
		}
		tail := address[len(address)-2:]
		if rest, ok := strings.CutPrefix(address, "+33"); ok && rest != "" {
			return "0" + rest[:1] + "\u00a0••\u00a0••\u00a0••\u00a0" + tail // on one line
		}
		return address[:3] + "\u00a0" + dots + "\u00a0" + tail
	case consent.Email:
		local, domain, _ := strings.Cut(address, "@")
		dot := strings.LastIndexByte(domain, '.')
		if dot < 1 || local == "" {
			return dots
		}
		return first(local) + dots + "@" + first(domain) + dots + domain[dot:]
	}
	if kind == consent.Push {
		return pushService(address)
	}
	return dots
}

func first(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return s[:size]
}
