package source

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/net/html"

	"github.com/crieur/crieur/events/record"
)

// Meaning hashes what a record tells a reader, as 16 hexadecimal digits. Its
// title, text, link, place and the dates of the thing itself count; the dates of
// publication, markup, spaces, letter order of attributes, tracking parameters
// and what a move to https or www. changes in addresses ([Page]) do not, so that a
// page made again is not a page changed.
func Meaning(value any) string { return meaning(value, Page) }

// FormerMeaning is Meaning as it was when whole addresses counted: ledgers of that
// time hold it.
func FormerMeaning(value any) string { return meaning(value, CleanURL) }

func meaning(value any, address func(string) string) string {
	h := xxhash.New()
	add := func(parts ...string) {
		for _, p := range parts {
			_, _ = fmt.Fprintf(h, "%d:%s", len(p), p)
		}
	}
	switch v := value.(type) {
	case record.Entry:
		add(text(v.Title, address), text(v.Summary, address), text(v.Body, address), address(v.Link))
		add(stamp(v.Starts), stamp(v.Ends), stamp(v.Expires), fmt.Sprint(v.AllDay))
		for _, t := range v.Timings {
			add(stamp(t.Starts), stamp(t.Ends))
		}
		add(v.Class, v.Severity, v.Urgency, v.Certainty, v.Topic, v.Status)
		if v.Place != nil {
			place, _ := json.Marshal(v.Place) // plain values: it cannot fail
			add(string(place))
		}
		for _, m := range v.Media {
			add(address(m.URL))
		}
	case record.Alert:
		// An alert's sent time is part of its identity, not of what it says; the
		// list of earlier alerts it replaces grows at every issue.
		v.Identifier, v.Sent, v.References, v.Signature = "", time.Time{}, nil, ""
		v.Infos = slices.Clone(v.Infos)
		for i := range v.Infos {
			v.Infos[i].Web = address(v.Infos[i].Web)
		}
		alert, _ := json.Marshal(v)
		add(string(alert))
	default:
		other, _ := json.Marshal(v)
		add(string(other))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// Text reduces HTML or text to its words, one space between them, with the
// addresses it links to.
func Text(s string) string { return text(s, Page) }

func text(s string, address func(string) string) string {
	if !strings.ContainsAny(s, "<&") {
		return squeeze(s)
	}
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return squeeze(b.String())
		case html.TextToken:
			b.Write(z.Text())
		case html.StartTagToken, html.SelfClosingTagToken:
			b.WriteByte(' ')
			for {
				key, value, more := z.TagAttr()
				if k := string(key); k == "href" || k == "src" {
					b.WriteString(address(string(value)))
					b.WriteByte(' ')
				}
				if !more {
					break
				}
			}
		case html.EndTagToken:
			b.WriteByte(' ')
		}
	}
}

// squeeze joins the words of s, without the invisible characters that editors leave.
func squeeze(s string) string {
	s = html.UnescapeString(s)
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' || r == '\u00ad' || unicode.IsControl(r)
	}), " ")
}

// CleanURL drops from an address what changes without changing the page:
// tracking and session parameters, fragment, letter case of the host.
func CleanURL(raw string) string {
	raw = strings.TrimSpace(raw)
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	u.Host = strings.ToLower(u.Host)
	u.Fragment = ""
	if path, _, found := strings.Cut(u.Path, ";jsessionid="); found {
		u.Path, u.RawPath = path, ""
	}
	if u.RawQuery == "" {
		return u.String()
	}
	query := strings.Split(u.RawQuery, "&")
	query = slices.DeleteFunc(query, func(pair string) bool {
		name, _, _ := strings.Cut(strings.ToLower(pair), "=")
		return strings.HasPrefix(name, "utm_") || slices.Contains(volatileParameters[:], name)
	})
	u.RawQuery = strings.Join(query, "&")
	return u.String()
}

// Page is what names a page however its site is asked: CleanURL, bare.
func Page(raw string) string { return Bare(CleanURL(raw)) }

// Bare drops from an address what a move to https or to www. changes: scheme,
// www., usual port and last slash. What is no address stays as it is.
func Bare(raw string) string {
	rest, found := strings.CutPrefix(raw, "https://")
	if !found {
		if rest, found = strings.CutPrefix(raw, "http://"); !found {
			return raw
		}
	}
	host, path := rest, ""
	if at := strings.IndexAny(rest, "/?#"); at >= 0 {
		host, path = rest[:at], rest[at:]
	}
	for _, port := range []string{":443", ":80"} {
		host = strings.TrimSuffix(host, port)
	}
	path, query, asks := strings.Cut(path, "?")
	path = strings.TrimRight(path, "/")
	if asks {
		path += "?" + query
	}
	return strings.TrimPrefix(host, "www.") + path
}

var volatileParameters = [...]string{
	"fbclid", "gclid", "msclkid", "mc_cid", "mc_eid", "phpsessid", "jsessionid", "sid", "xtor", "at_medium", "at_campaign", "_ga",
}

// Date is when a record was published, or updated where that is all it says;
// zero where it says neither.
func Date(value any) time.Time {
	switch v := value.(type) {
	case record.Entry:
		if v.Published.IsZero() {
			return v.Updated
		}
		return v.Published
	case record.Alert:
		return v.Sent
	}
	return time.Time{}
}

// Ends is when what a record tells is over, zero where it does not say.
func Ends(value any) time.Time {
	switch v := value.(type) {
	case record.Entry:
		if !v.Expires.IsZero() {
			return v.Expires
		}
		return v.Ends
	case record.Alert:
		var last time.Time
		for _, info := range v.Infos {
			if info.Expires.After(last) {
				last = info.Expires
			}
		}
		return last
	}
	return time.Time{}
}
