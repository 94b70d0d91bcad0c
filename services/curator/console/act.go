package console

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/curator/desk"
	"github.com/crieur/crieur/services/curator/item"
	"github.com/crieur/crieur/services/web"
)

func notFound(err error) bool { return errors.Is(err, registry.ErrNotFound) }

// What the buttons of an item's page send as "do".
const (
	doPreview  = "preview"
	doSave     = "save"
	doApprove  = "approve"
	doSchedule = "schedule"
	doReject   = "reject"
	doRestore  = "restore"
	doWithdraw = "withdraw"
	doReset    = "reset"
)

// itemAct is every write on an item.
func (c *Console) itemAct(w http.ResponseWriter, r *http.Request, d *desktop) {
	it, ok := c.find(w, r, d)
	if !ok {
		return
	}
	if err := r.ParseForm(); err != nil {
		c.renderer.Error(w, r, http.StatusBadRequest)
		return
	}
	form := web.NewForm(r.PostForm)
	rules, known := d.Desk.Rules(it.Authority, it.Stream)
	do := form.Get("do")
	if do == doPreview {
		c.previewAct(w, r, d, it, rules, form)
		return
	}
	if !permitted(d.allowed(it, known), do) && !changed(it, form) {
		c.renderer.Error(w, r, http.StatusForbidden)
		return
	}
	seen, err := strconv.Atoi(form.Get("revision"))
	if err != nil {
		c.renderer.Error(w, r, http.StatusBadRequest)
		return
	}
	var done item.Item
	switch do {
	case doSave, doApprove, doSchedule:
		done, err = c.write(r, d, it, rules, seen, form, do)
	default:
		done, err = d.simple(r, it, seen, form, do)
	}
	if !form.OK() {
		c.showItem(w, r, d, http.StatusUnprocessableEntity, it, form)
		return
	}
	if err != nil {
		c.refused(w, r, d, it, form, err)
		return
	}
	if do == doApprove {
		c.tellApprovers(r, d, done, rules)
	}
	tone, text, next := d.told(do, it, done)
	if text != "" {
		c.renderer.Flash(w, r, tone, text)
	}
	web.SeeOther(w, r, next)
}

// changed reports whether the item is not the one the officer was shown: what
// was allowed then may be so no more, and the reason is the change.
func changed(it item.Item, form *web.Form) bool {
	return form.Get("revision") != strconv.Itoa(it.Changes)
}

func permitted(m may, do string) bool {
	switch do {
	case doSave:
		return m.Edit
	case doApprove:
		return m.Approve || m.Correct
	case doSchedule:
		return m.Schedule
	case doReject:
		return m.Reject
	case doRestore:
		return m.Restore
	case doWithdraw:
		return m.Withdraw
	case doReset:
		return m.Reset
	}
	return false
}

// write keeps the form where it changes something, and approves.
func (c *Console) write(r *http.Request, d *desktop, it item.Item, rules item.Rules, seen int, form *web.Form, do string) (item.Item, error) {
	var edit []func(*item.Item, item.Rules, time.Time) error
	if !it.Cancelled {
		draft, changed := d.read(it, rules, form)
		if !form.OK() {
			return it, nil
		}
		if !changed && it.State == item.Published {
			form.Reject("title", d.t.T("form.unchanged"))
			return it, nil
		}
		if changed {
			edit = append(edit, func(it *item.Item, r item.Rules, now time.Time) error { return it.Write(draft, r, now) })
		}
	}
	var notBefore time.Time
	if do == doSchedule {
		notBefore = deref(d.moment(form, "notbefore", true))
		if form.OK() && !notBefore.After(d.now()) {
			form.Reject("notbefore", d.t.T("form.past"))
		}
		if !form.OK() {
			return it, nil
		}
	}
	if do == doApprove && !alert(it) && !it.Cancelled {
		notBefore = d.now().Add(c.cfg.UndoWithin)
	}
	if do == doSave {
		if len(edit) == 0 {
			return it, nil
		}
		return d.Desk.Act(r.Context(), it.Key(), seen, edit[0])
	}
	return d.Desk.Approve(r.Context(), it.Key(), seen, d.officer.ID, notBefore, edit...)
}

// simple are the acts without a text of their own.
func (d *desktop) simple(r *http.Request, it item.Item, seen int, form *web.Form, do string) (item.Item, error) {
	reason := form.Get("reason")
	if do == doWithdraw && reason == "" {
		form.Reject("reason", d.t.T("form.reason"))
		return it, nil
	}
	if do == doRestore {
		return d.Desk.Restore(r.Context(), it.Key(), seen, d.officer.ID)
	}
	return d.Desk.Act(r.Context(), it.Key(), seen, func(it *item.Item, _ item.Rules, now time.Time) error {
		switch do {
		case doReject:
			return it.Reject(d.officer.ID, reason, now)
		case doWithdraw:
			return it.Withdraw(d.officer.ID, reason, now)
		case doReset:
			return it.Reset(d.officer.ID, now)
		}
		return item.ErrState
	})
}

// refused says why an act was refused, and shows the item as it is now with
// what was typed.
func (c *Console) refused(w http.ResponseWriter, r *http.Request, d *desktop, it item.Item, form *web.Form, err error) {
	field, key := "title", ""
	switch {
	case errors.Is(err, desk.ErrConflict):
		key = "refused.conflict"
	case errors.Is(err, item.ErrAgain):
		key = "why.again"
	case errors.Is(err, item.ErrExpired):
		field, key = "expires", "refused.expired"
	case errors.Is(err, item.ErrChannels):
		field, key = "channel", "form.channels"
	case errors.Is(err, item.ErrState):
		key = "refused.state"
	case errors.Is(err, desk.ErrNoStream):
		key = "refused.stream"
	default:
		c.fail(w, r, err)
		return
	}
	fresh, getErr := d.Desk.Get(r.Context(), it.Key())
	if getErr != nil {
		c.fail(w, r, getErr)
		return
	}
	who := ""
	if n := len(fresh.History); n > 0 {
		who = d.name(fresh.History[n-1].Actor)
	}
	form.Reject(field, d.t.T(key, "who", who))
	form.Values.Set("revision", strconv.Itoa(fresh.Changes))
	c.showItem(w, r, d, http.StatusConflict, fresh, form)
}

// told is what the officer reads next, and where. No text: the page says it.
func (d *desktop) told(do string, was, it item.Item) (web.Tone, string, string) {
	queue := "/console/" + it.Authority
	rules, _ := d.Desk.Rules(it.Authority, it.Stream)
	switch {
	case do == doSave && was.State == item.Scheduled && it.State == item.Pending:
		return web.Warning, d.t.T("told.unscheduled", "when", was.NotBefore), itemPath(it)
	case do == doSave:
		return web.Success, d.t.T("told.saved"), itemPath(it)
	case do == doReset:
		return web.Success, d.t.T("told.reset"), itemPath(it)
	case do == doRestore:
		return web.Success, d.t.T("told.restored"), itemPath(it)
	case do == doReject && it.State == item.Published:
		return web.Info, d.t.T("told.kept"), itemPath(it)
	case do == doReject:
		return "", "", queue + "?" + url.Values{paramAside: {it.Stream + "/" + it.ID}}.Encode()
	case do == doWithdraw, it.State == item.Withdrawn:
		return web.Success, d.t.T("told.withdrawn"), itemPath(it)
	case it.State == item.Pending:
		return web.Info, d.t.T("told.partial", "n", len(it.Approvals), "needed", it.Needed(rules)), queue
	case do == doApprove && it.State == item.Scheduled:
		return "", "", queue + "?" + url.Values{paramLeft: {it.Stream + "/" + it.ID}}.Encode()
	case it.State == item.Scheduled:
		return web.Success, d.t.T("told.scheduled", "when", it.NotBefore), queue
	case it.Revision() > 1:
		return web.Success, d.t.T("told.corrected"), itemPath(it)
	}
	return web.Success, d.t.T("told.published"), itemPath(it)
}
