package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/journal"
	"github.com/crieur/crieur/services/web"
)

// maySetUp is for sources and streams: who publishes, and who sets the
// authority up.
func (d *desktop) maySetUp() bool { return d.may(registry.OfficerRole, registry.Administrator) }

// mayTrustState is for what lets alerts leave without two officers.
func (d *desktop) mayTrustState() bool { return d.may(registry.Administrator) }

// settingUp is for pages of those who may.
func (c *Console) settingUp(h func(http.ResponseWriter, *http.Request, *desktop)) func(http.ResponseWriter, *http.Request, *desktop) {
	return c.only((*desktop).maySetUp, h)
}

// governing is for pages of administrators.
func (c *Console) governing(h func(http.ResponseWriter, *http.Request, *desktop)) func(http.ResponseWriter, *http.Request, *desktop) {
	return c.only((*desktop).mayGovern, h)
}

// only is for pages of those who may, with their forms read.
func (c *Console) only(may func(*desktop) bool, h func(http.ResponseWriter, *http.Request, *desktop)) func(http.ResponseWriter, *http.Request, *desktop) {
	return func(w http.ResponseWriter, r *http.Request, d *desktop) {
		if !may(d) {
			c.renderer.Error(w, r, http.StatusForbidden)
			return
		}
		if r.Method == http.MethodPost {
			if err := r.ParseForm(); err != nil {
				c.renderer.Error(w, r, http.StatusBadRequest)
				return
			}
		}
		h(w, r, d)
	}
}

// The actions on sources and streams, as in the audit.
const (
	actionCreate = "create"
	actionEdit   = "edit"
	actionPause  = "pause"
	actionResume = "resume"
	actionRemove = "remove"
)

// record chains what was done to a source, a stream, an account.
func (d *desktop) record(ctx context.Context, action, kind, id string, detail map[string]string) error {
	_, err := d.Journal.Append(ctx, journal.Fact{
		Authority: d.authority.ID, Actor: d.officer.ID, Action: action + "." + kind, Object: kind + "/" + id, Detail: detail, At: d.now(),
	})
	return err
}

// rejectInvalid puts each wrong field of an entity beside its control, and
// reports whether err was about fields. names maps those whose control has
// another name.
func (d *desktop) rejectInvalid(form *web.Form, err error, names map[string]string) bool {
	found := false
	for _, wrong := range fieldErrors(err) {
		found = true
		field, _, _ := strings.Cut(wrong.Field, "[")
		for name := field; ; name = name[:strings.LastIndexByte(name, '.')] {
			if other, ok := names[name]; ok {
				field = other
				break
			}
			if !strings.Contains(name, ".") {
				break
			}
		}
		if form.Error(field) == "" { // what the console said first is in its reader's words
			form.Reject(field, d.t.T("form.wrong", "detail", wrong.Problem))
		}
	}
	return found
}

// fieldErrors finds them in what Validate joined.
func fieldErrors(err error) []*events.FieldError {
	var one *events.FieldError
	switch e := err.(type) { //nolint:errorlint // the tree is walked
	case nil:
		return nil
	case *events.FieldError:
		return []*events.FieldError{e}
	case interface{ Unwrap() []error }:
		var all []*events.FieldError
		for _, inner := range e.Unwrap() {
			all = append(all, fieldErrors(inner)...)
		}
		return all
	case interface{ Unwrap() error }:
		return fieldErrors(e.Unwrap())
	}
	if errors.As(err, &one) {
		return []*events.FieldError{one}
	}
	return nil
}

// maxSlug is how long an identifier made from a name is.
const maxSlug = 40

// slug makes an identifier of a name: "Voirie & réseaux" is "voirie-reseaux".
// It is empty when the name has no letter or digit.
func slug(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFD.String(strings.NewReplacer("œ", "oe", "Œ", "oe", "æ", "ae", "Æ", "ae").Replace(name)) {
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		r = unicode.ToLower(r)
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		} else {
			gap = true
		}
		if b.Len() >= maxSlug {
			break
		}
	}
	return b.String()
}

// free is an identifier made from a name that nothing has yet.
func free(name, otherwise string, taken func(id string) bool) string {
	base := slug(name)
	if base == "" {
		base = otherwise
	}
	id := base
	for n := 2; taken(id); n++ {
		id = base + "-" + strconv.Itoa(n)
	}
	return id
}

// codes reads codes typed with commas or spaces between them.
func codes(text string) []string {
	fields := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) })
	var list []string
	for _, f := range fields {
		if !slices.Contains(list, f) {
			list = append(list, f)
		}
	}
	return list
}

// pick keeps the values of a form that are among the choices, in their order.
func pick(values []string, choices []web.Choice) []string {
	var list []string
	for _, c := range choices {
		if slices.Contains(values, c.Value) {
			list = append(list, c.Value)
		}
	}
	return list
}
