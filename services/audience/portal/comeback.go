package portal

import (
	"net/http"
	"slices"

	"github.com/crieur/crieur/services/audience/consent"
	"github.com/crieur/crieur/services/audience/enrol"
	"github.com/crieur/crieur/services/audience/vault"
	"github.com/crieur/crieur/services/web"
)

func comeBackPath(authority string) string { return "/c/" + authority + "/preferences" }

// comeBack leads who lost the link of his preferences to them, by a code: an
// SMS has no room for a link. It says of nobody whether he is subscribed.
func (p *Portal) comeBack(w http.ResponseWriter, r *http.Request, b *Backend) error {
	a, err := p.authority(r, b)
	if err != nil {
		return err
	}
	t := p.pages.Translator(r)
	o := p.offer(t, b, a)
	o.Kinds = slices.DeleteFunc(o.Kinds, func(c web.Choice) bool { return c.Value == consent.Push }) // its device has the link
	if len(o.Kinds) == 0 {
		return errNotFound
	}
	page := p.page(r, a, t.T("back.title"))
	page.Lede, page.Data = t.T("back.lede"), struct{ Offer offer }{o}
	return p.asking(w, r, "retrouver", page, func(form *web.Form) (vault.Record, error) {
		return p.sendCode(r, b, contact(t, a, o, form), form, enrol.Request{Authority: a})
	})
}
