package events

import "strings"

// Subjects are spelled here and nowhere else. A token is a slug, so that no
// value can widen a subject.
const (
	SubjectRaw         = "raw"
	SubjectMessage     = "message"
	SubjectPublication = "publication"
	SubjectDelivery    = "delivery"
	SubjectReceipt     = "receipt"
	SubjectAudit       = "audit"
	SubjectDeadLetter  = "deadletter"
	// SubjectRejected begins those of [RejectedSubject] and [UnsignedSubject].
	SubjectRejected = "rejected"
)

// All returns the filter that matches every subject under the given tokens:
// All("raw") is "raw.>".
func All(tokens ...string) string { return strings.Join(tokens, ".") + ".>" }

// DeliveryFilter matches the deliveries of one channel kind and class, of
// every authority.
func DeliveryFilter(kind string, class Class) string {
	return All(SubjectDelivery, kind, string(class))
}

// RejectedSubject is that of what a source gave and cannot be used.
func RejectedSubject(authority, source string) string {
	return subject(SubjectRejected, authority, source)
}

// UnsignedSubject is that of what was pushed to a source by who did not prove to be
// its sender. It is apart: anyone can fill it.
func UnsignedSubject(authority, source string) string {
	return subject(SubjectRejected, authority, source, "unsigned")
}

// AuthorityOf is the authority in an event's subject; empty when it has none.
func AuthorityOf(subject string) string {
	tokens := strings.Split(subject, ".")
	at := 1
	switch tokens[0] {
	case SubjectRaw, SubjectMessage, SubjectPublication, SubjectAudit, SubjectRejected:
	case SubjectReceipt:
		at = 2
	case SubjectDelivery:
		at = 3
	default:
		return ""
	}
	if at >= len(tokens) {
		return ""
	}
	return tokens[at]
}

func subject(tokens ...string) string { return strings.Join(tokens, ".") }

// IsSlug reports whether s may be one token of a subject and of a key:
// 1 to 64 of a-z, 0-9, - and _.
func IsSlug(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// slugFold maps the French letters that have a plain form.
var slugFold = strings.NewReplacer(
	"à", "a", "â", "a", "ä", "a", "ç", "c", "é", "e", "è", "e", "ê", "e", "ë", "e",
	"î", "i", "ï", "i", "ô", "o", "ö", "o", "ù", "u", "û", "u", "ü", "u", "ÿ", "y",
	"œ", "oe", "æ", "ae", "’", "-", "'", "-",
)

// Slug makes a slug of a name people write: "Saint-Médard d'Eyrans" is
// "saint-medard-d-eyrans". The empty string when nothing is left.
func Slug(name string) string {
	name = slugFold.Replace(strings.ToLower(strings.TrimSpace(name)))
	var b strings.Builder
	dash := false
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			dash = false
			b.WriteRune(r)
		default:
			dash = true
		}
		if b.Len() >= 64 {
			break
		}
	}
	s := b.String()
	if len(s) > 64 {
		s = s[:64]
	}
	return strings.TrimRight(s, "-")
}
