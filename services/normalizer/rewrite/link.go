package rewrite

import (
	"net/url"
	"strings"
)

// maxLinkBytes bounds a link: longer ones are not for people.
const maxLinkBytes = 2048

// Base parses the address that relative links start from; nil when there is
// none.
func Base(address string) *url.URL {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil
	}
	return u
}

// Link returns an absolute http or https address without tracking parameters
// and without user or password; the empty string when ref is none. base may be
// nil.
func Link(ref string, base *url.URL) string {
	u := resolve(ref, base)
	if u == nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return printed(u)
}

func resolve(ref string, base *url.URL) *url.URL {
	ref = strings.TrimSpace(Clean(ref))
	if ref == "" || len(ref) > maxLinkBytes {
		return nil
	}
	u, err := url.Parse(ref)
	if err != nil {
		return nil
	}
	if base != nil && !u.IsAbs() {
		u = base.ResolveReference(u)
	}
	return u
}

func printed(u *url.URL) string {
	u.User = nil
	u.RawQuery = untracked(u.RawQuery)
	s := u.String()
	if len(s) > maxLinkBytes {
		return ""
	}
	return s
}

// untracked drops the parameters that only tell where a reader comes from.
func untracked(query string) string {
	if query == "" {
		return ""
	}
	var kept []string
	for p := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(strings.ToLower(p), "=")
		if !tracking(name) {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "&")
}

func tracking(name string) bool {
	switch name {
	case "fbclid", "gclid", "dclid", "msclkid", "yclid", "igshid", "mc_cid", "mc_eid", "_hsenc", "_hsmi", "xtor", "wt_mc", "gclsrc", "twclid":
		return true
	}
	return strings.HasPrefix(name, "utm_") || strings.HasPrefix(name, "mtm_") || strings.HasPrefix(name, "pk_") || strings.HasPrefix(name, "piwik_")
}

// anchor is Link that also keeps addresses of mail and telephone.
func anchor(ref string, base *url.URL) string {
	low := strings.ToLower(strings.TrimSpace(ref))
	if strings.HasPrefix(low, "mailto:") || strings.HasPrefix(low, "tel:") {
		if u := resolve(ref, nil); u != nil {
			return u.String()
		}
		return ""
	}
	if strings.HasPrefix(low, "#") {
		return ""
	}
	return Link(ref, base)
}
