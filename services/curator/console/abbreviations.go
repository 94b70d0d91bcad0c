package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/web"
)

// spareWords are the empty lines below an authority's abbreviations.
const spareWords = 3

// abbreviationRow names the controls of a line.
type abbreviationRow struct {
	N                 int // from 1
	Full, Short, Rank string
	Ranks             []web.Choice
}

// abbreviationsView is the authority's own table and, below, the one that it
// amends.
type abbreviationsView struct {
	Rows    []abbreviationRow
	BuiltIn web.Table
}

func (d *desktop) abbreviationsPath() string { return "/console/" + d.authority.ID + "/abbreviations" }

func (c *Console) abbreviationsPage(w http.ResponseWriter, r *http.Request, d *desktop) {
	own, _ := d.Abbreviations.Get(d.authority.ID)
	values := url.Values{}
	for i, word := range own.Words {
		row := d.abbreviationRow(i)
		values.Set(row.Full, word.Full)
		values.Set(row.Short, word.Short)
		values.Set(row.Rank, strconv.Itoa(word.Rank))
	}
	c.showAbbreviations(w, r, d, http.StatusOK, len(own.Words)+spareWords, web.NewForm(values))
}

// abbreviations asks the publisher for its table, and about the authority's own.
func (d *desktop) abbreviations(ctx context.Context, own []registry.Abbreviation) (call.AbbreviationsReply, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	return call.Ask(ctx, d.NATS, call.Abbreviations, call.AbbreviationsRequest{Own: own})
}

func (c *Console) showAbbreviations(w http.ResponseWriter, r *http.Request, d *desktop, status, rows int, form *web.Form) {
	p := d.page(sectionAlarms, d.t.T("abbr.title"))
	p.Breadcrumb = []web.Link{{Label: d.t.T("alarms.title"), Href: "/console/" + d.authority.ID + "/" + sectionAlarms}}
	p.Lede, p.Form = d.t.T("abbr.lede"), form
	v := abbreviationsView{BuiltIn: web.Table{
		Caption: d.t.T("abbr.builtin"), CaptionHidden: true,
		Columns: []web.Column{{Label: d.t.T("abbr.full")}, {Label: d.t.T("abbr.short")}, {Label: d.t.T("abbr.rank")}},
	}}
	for i := range min(rows, registry.MaxAbbreviations) {
		v.Rows = append(v.Rows, d.abbreviationRow(i))
	}
	reply, err := d.abbreviations(r.Context(), nil)
	if err == nil { // while the publisher does not answer the page goes without
		for _, a := range reply.BuiltIn {
			v.BuiltIn.Rows = append(v.BuiltIn.Rows, []any{a.Full, a.Short, d.t.T("abbr.rank." + strconv.Itoa(a.Rank))})
		}
	}
	p.Data = v
	c.renderer.Render(w, r, status, "abbreviations", p)
}

func (d *desktop) abbreviationRow(i int) abbreviationRow {
	row := abbreviationRow{N: i + 1, Full: fmt.Sprint("full-", i), Short: fmt.Sprint("short-", i), Rank: fmt.Sprint("rank-", i)}
	for rank := 1; rank <= 3; rank++ {
		n := strconv.Itoa(rank)
		row.Ranks = append(row.Ranks, web.Choice{Value: n, Label: d.t.T("abbr.rank." + n)})
	}
	return row
}

// saveAbbreviations keeps the authority's own table. Lines without a word are
// dropped.
func (c *Console) saveAbbreviations(w http.ResponseWriter, r *http.Request, d *desktop) {
	form := web.NewForm(r.PostForm)
	own := registry.Abbreviations{Authority: d.authority.ID}
	var rows []abbreviationRow // of the words
	n := 0
	for ; n < registry.MaxAbbreviations && form.Values.Has(fmt.Sprint("full-", n)); n++ {
		row := d.abbreviationRow(n)
		full, short := form.Get(row.Full), form.Get(row.Short)
		if full == "" && short == "" {
			continue
		}
		rank, _ := strconv.Atoi(form.Get(row.Rank)) // 0 is refused below
		own.Words, rows = append(own.Words, registry.Abbreviation{Full: full, Short: short, Rank: rank}), append(rows, row)
	}
	type control struct{ name, problem string }
	controls := map[string]control{} // by field
	for i, row := range rows {
		at := fmt.Sprintf("words[%d]", i)
		controls[at+".full"] = control{row.Full, "abbr.bad.full"}
		controls[at+".short"] = control{row.Short, "abbr.bad.short"}
		controls[at+".rank"] = control{row.Rank, "abbr.bad.rank"}
	}
	for _, wrong := range fieldErrors(own.Validate()) {
		form.Reject(controls[wrong.Field].name, d.t.T(controls[wrong.Field].problem))
	}
	if form.OK() {
		reply, err := d.abbreviations(r.Context(), own.Words)
		if err != nil {
			c.renderer.Error(w, r, http.StatusServiceUnavailable)
			return
		}
		if wrong := reply.Conflict; wrong != nil && wrong.Own < len(rows) {
			form.Reject(rows[wrong.Own].Short, d.t.T("abbr.conflict", "word", wrong.With.Full, "short", wrong.With.Short))
		}
	}
	if !form.OK() {
		c.showAbbreviations(w, r, d, http.StatusUnprocessableEntity, max(n, len(rows)+spareWords), form)
		return
	}
	_, err := d.Registry.Abbreviations.Put(r.Context(), own)
	if err == nil {
		err = d.record(r.Context(), actionEdit, "abbreviations", d.authority.ID, map[string]string{"words": strconv.Itoa(len(own.Words))})
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.renderer.Flash(w, r, web.Success, d.t.T("told.abbreviations"))
	web.SeeOther(w, r, d.abbreviationsPath())
}
