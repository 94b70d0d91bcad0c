package portal

import (
	"fmt"
	"net/http"
	"strings"

	"rsc.io/qr"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/web"
)

// sheetPage is a publication on paper.
type sheetPage struct {
	Main    version
	Lead    []string
	Badges  []web.Badge
	QR      string // address of the code that leads to the page
	Short   string
	At      string
	By      string
	Expired bool
	Gone    bool
}

// sheet is a publication as a page to print and pin up: for a hall, a shop, a
// neighbour without a telephone.
func (p *Portal) sheet(w http.ResponseWriter, r *http.Request, b *Backend) error {
	a, list, err := p.revisions(r, b)
	if err != nil {
		return err
	}
	t := p.pages.Translator(r)
	last := list[len(list)-1]
	v := versions(t, last)[0]
	page := p.page(r, a, v.Content.Title)
	self := "/c/" + a.ID + "/p/" + last.ID
	page.Breadcrumb = []web.Link{{Label: a.Name, Href: "/c/" + a.ID}, {Label: v.Content.Title, Href: self}}
	page.Data = sheetPage{
		Main: v, Lead: said(when(t, last), place(last)), Badges: badges(last), QR: self + "/qr.svg", Short: p.shortAddress(last),
		At: t.DateTime(last.At), By: attribution(last), Expired: !p.cfg.Now().Before(last.Expires), Gone: last.MsgType == events.MsgCancel,
	}
	p.pages.Render(w, r, http.StatusOK, "affiche", page)
	return nil
}

// shortAddress is what a publication's SMS and sheet lead to.
func (p *Portal) shortAddress(pub events.Publication) string {
	return p.cfg.PublicURL + "/p/" + short(pub.ID)
}

// qr is the QR code of a publication's short address.
func (p *Portal) qr(w http.ResponseWriter, r *http.Request, b *Backend) error {
	_, list, err := p.revisions(r, b)
	if err != nil {
		return err
	}
	// Level M is read with 15 % of it dirty or torn.
	code, err := qr.Encode(p.shortAddress(list[0]), qr.M)
	if err != nil {
		return fmt.Errorf("portal: qr: %w", err)
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write(drawCode(code)) // the browser may be gone
	return nil
}

// quiet is the white border that readers need around a code, in modules
// (ISO/IEC 18004, 9.1).
const quiet = 4

// drawCode is a code as SVG, a line a run of black modules.
func drawCode(code *qr.Code) []byte {
	var s strings.Builder
	side := code.Size + 2*quiet
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><rect width="100%%" height="100%%" fill="#fff"/><path d="`, side, side)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for code.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&s, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	s.WriteString(`"/></svg>`)
	return []byte(s.String())
}
