package console

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/web"
)

// CounterText is the version of the words that an agent reads to a resident,
// "counter.consent" of the catalogues. It changes with them: it is part of the
// proof of consent.
const CounterText = "2026-11-guichet"

// What the buttons of the counter's page send as "do".
const (
	doRead  = "read"  // show what is to be read aloud
	doEnrol = "enrol" // the resident said yes
)

// The ways consent is given at a counter, as they are recorded.
const (
	proofSpoken = "spoken"
	proofSigned = "signed"
)

// maxReference bounds the number of a signed form, in characters.
const maxReference = 60

// mayEnrol is for who meets residents: the same who write.
func (d *desktop) mayEnrol() bool { return d.mayWrite() || d.may(registry.Administrator) }

// counterView is the page of the counter. Its second step is what the agent
// reads to the resident before anything is kept.
type counterView struct {
	Kinds, Streams, Languages, Proofs []web.Choice
	Reading                           bool
	Contact                           string // as it is read aloud
	Chosen                            []string
	Text                              string
	Portal                            string
}

func (c *Console) counterPage(w http.ResponseWriter, r *http.Request, d *desktop) {
	if !d.mayEnrol() {
		c.renderer.Error(w, r, http.StatusForbidden)
		return
	}
	c.showCounter(w, r, d, http.StatusOK, nil, false)
}

func (c *Console) showCounter(w http.ResponseWriter, r *http.Request, d *desktop, status int, form *web.Form, reading bool) {
	p := d.page(sectionCounter, d.t.T("counter.title"))
	p.Lede, p.Form = d.t.T("counter.lede"), form
	v := d.counter()
	v.Portal = c.cfg.PublicURL + "/c/" + d.authority.ID + "/abonnement"
	if reading {
		p.Lede, p.Title = "", d.t.T("counter.read.title")
		p.Breadcrumb = []web.Link{{Label: d.t.T("counter.title"), Href: "/console/" + d.authority.ID + "/" + sectionCounter}}
		v.Reading, v.Contact = true, aloud(form.Get("kind"), form.Get("contact"))
		v.Text = d.t.T("counter.consent", "name", d.authority.Name)
		for _, s := range v.Streams {
			if slices.Contains(form.Values["stream"], s.Value) {
				v.Chosen = append(v.Chosen, s.Label)
			}
		}
	}
	p.Data = v
	c.renderer.Render(w, r, status, "counter", p)
}

// counter are the choices of the form: the authority's own channels to people,
// and its streams that use one.
func (d *desktop) counter() counterView {
	var v counterView
	has := map[string]bool{}
	for _, ch := range d.Channels.All(d.authority.ID) {
		if kind := contactOf(ch.Kind); kind != "" {
			has[kind] = true
		}
	}
	for _, kind := range []string{kindSMS, kindEmail} {
		if has[kind] {
			v.Kinds = append(v.Kinds, web.Choice{Value: kind, Label: d.t.T("counter.kind." + kind), Checked: len(v.Kinds) == 0})
		}
	}
	for _, s := range d.Streams.All(d.authority.ID) {
		if slices.ContainsFunc(s.Channels, func(id string) bool {
			ch, ok := d.Channels.Get(d.authority.ID, id)
			return ok && contactOf(ch.Kind) != ""
		}) {
			v.Streams = append(v.Streams, web.Choice{Value: s.ID, Label: s.Name, Hint: s.Description})
		}
	}
	slices.SortFunc(v.Streams, func(a, b web.Choice) int { return byName(a.Label, b.Label) })
	if len(v.Streams) == 1 {
		v.Streams[0].Checked = true
	}
	for _, language := range web.Languages() {
		v.Languages = append(v.Languages, web.Choice{Value: language, Label: d.t.T("language.name." + language), Checked: language == d.authority.Language})
	}
	for _, proof := range []string{proofSpoken, proofSigned} {
		v.Proofs = append(v.Proofs, web.Choice{Value: proof, Label: d.t.T("counter.proof." + proof), Checked: proof == proofSpoken})
	}
	return v
}

// The kinds of contact an agent writes down, as call.Enrolment names them, and
// the other kinds of channel that reach who comes or asked.
const (
	kindSMS   = "sms"
	kindEmail = "email"
	kindPush  = "push"
	kindFeed  = "feed"
)

// contactOf is the kind of contact a kind of channel speaks to, "" for none
// that a person has a number or an address for.
func contactOf(channelKind string) string {
	switch channelKind {
	case kindSMS, "smshttp", "gammu":
		return kindSMS
	case kindEmail:
		return kindEmail
	}
	return ""
}

// aloud groups the digits of a number by two, as it is read in French.
func aloud(kind, contact string) string {
	if kind != kindSMS {
		return contact
	}
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, contact)
	if len(digits) != 10 || !strings.HasPrefix(digits, "0") {
		return contact
	}
	var pairs []string
	for pair := range slices.Chunk([]byte(digits), 2) {
		pairs = append(pairs, string(pair))
	}
	return strings.Join(pairs, " ")
}

// enrolResident is both steps of the counter's form.
func (c *Console) enrolResident(w http.ResponseWriter, r *http.Request, d *desktop) {
	if !d.mayEnrol() {
		c.renderer.Error(w, r, http.StatusForbidden)
		return
	}
	if err := r.ParseForm(); err != nil {
		c.renderer.Error(w, r, http.StatusBadRequest)
		return
	}
	form := web.NewForm(r.PostForm)
	do := form.Get("do")
	if do != doRead && do != doEnrol {
		c.showCounter(w, r, d, http.StatusOK, form, false) // back, to correct
		return
	}
	person, evidence := d.readCounter(form)
	if !form.OK() {
		c.showCounter(w, r, d, http.StatusUnprocessableEntity, form, false)
		return
	}
	if do == doRead {
		c.showCounter(w, r, d, http.StatusOK, form, true)
		return
	}
	if form.Get("agreed") != "1" {
		form.Reject("agreed", d.t.T("counter.agreed.none"))
		c.showCounter(w, r, d, http.StatusUnprocessableEntity, form, true)
		return
	}
	c.enrol(w, r, d, form, person, evidence)
}

// enrol asks audience, and tells the agent what became of it.
func (c *Console) enrol(w http.ResponseWriter, r *http.Request, d *desktop, form *web.Form, person call.Enrolment, evidence string) {
	ctx, cancel := context.WithTimeout(r.Context(), askWithin)
	defer cancel()
	reply, err := call.Ask(ctx, d.NATS, call.Enrol, call.EnrolRequest{
		Authority: d.authority.ID, By: d.officer.ID, Evidence: evidence, People: []call.Enrolment{person},
	})
	switch {
	case r.Context().Err() != nil: // the agent left
		return
	case err != nil:
		c.cfg.Logger.WarnContext(r.Context(), "enrolment at the counter", "authority", d.authority.ID, "err", err)
		form.Reject("contact", d.t.T("counter.down"))
		c.showCounter(w, r, d, http.StatusServiceUnavailable, form, false)
		return
	case len(reply.Refused) > 0:
		field, key := "contact", "counter.refused."+person.Kind
		if reply.Refused[0].Field == "streams" {
			field, key = "stream", "form.choose"
		}
		form.Reject(field, d.t.T(key))
		c.showCounter(w, r, d, http.StatusUnprocessableEntity, form, false)
		return
	}
	next := "/console/" + d.authority.ID + "/" + sectionCounter
	if reply.Enrolled == 0 {
		c.renderer.Flash(w, r, web.Info, d.t.T("counter.known"))
		web.SeeOther(w, r, next)
		return
	}
	err = d.record(r.Context(), "enrol", "resident", sectionCounter, map[string]string{
		"kind": person.Kind, "streams": strings.Join(person.Streams, " "), "evidence": evidence,
	})
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.renderer.Flash(w, r, web.Success, d.t.T("counter.done"))
	web.SeeOther(w, r, next)
}

// readCounter reads who is to be enrolled and how consent was given. Evidence
// names the text that was read, and holds nothing of the person.
func (d *desktop) readCounter(form *web.Form) (call.Enrolment, string) {
	v := d.counter()
	p := call.Enrolment{
		Kind: d.choice(form, "kind", v.Kinds), Address: call.Address(form.Get("contact")),
		Streams: pick(form.Values["stream"], v.Streams), Language: d.choice(form, "language", v.Languages),
	}
	d.text(form, "contact", form.Get("contact"), maxName, true)
	if form.OK() && p.Kind == kindEmail && !strings.Contains(form.Get("contact"), "@") {
		form.Reject("contact", d.t.T("counter.refused.email"))
	}
	if len(p.Streams) == 0 {
		form.Reject("stream", d.t.T("form.choose"))
	}
	proof, reference := d.choice(form, "proof", v.Proofs), form.Get("reference")
	d.text(form, "reference", reference, maxReference, proof == proofSigned)
	evidence := CounterText + "-" + d.t.Language + ": " + proof
	if reference != "" {
		evidence += " " + reference
	}
	return p, evidence
}
