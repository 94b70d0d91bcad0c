package dashboard

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/impact/measure"
	"github.com/crieur/crieur/services/web"
)

// read makes a query of the form's values. What is wrong is said beside its
// field, and the last thirty days are shown. Visitors have no filter.
func (d *Dashboard) read(r *http.Request, q *request) (measure.Query, *web.Form) {
	values := r.URL.Query()
	form := web.NewForm(url.Values{})
	for _, name := range []string{"period", "from", "to", "stream", "channel"} {
		if v := values.Get(name); v != "" {
			form.Values.Set(name, v)
		}
	}
	query := measure.Query{Authority: q.authority.ID}
	now, loc := d.cfg.Clock.Now(), q.authority.Location()
	if !q.full {
		if form.Get("period") == measure.Custom {
			form.Values.Del("period")
		}
		for _, name := range []string{"from", "to", "stream", "channel"} {
			form.Values.Del(name)
		}
	}
	for name, into := range map[string]*string{"stream": &query.Stream, "channel": &query.Channel} {
		if v := form.Get(name); events.IsSlug(v) {
			*into = v
		} else if v != "" {
			form.Reject(name, q.t.T("filter.error."+name))
		}
	}
	period, err := measure.NewPeriod(form.Get("period"), form.Get("from"), form.Get("to"), now, loc)
	switch {
	case errors.Is(err, measure.ErrPeriod):
		form.Reject("period", q.t.T("filter.error.period"))
	case errors.Is(err, measure.ErrFrom):
		form.Reject("from", q.t.T("filter.error.from"))
	case err != nil:
		form.Reject("to", q.t.T("filter.error.to"))
	}
	if err != nil {
		period, _ = measure.NewPeriod("", "", "", now, loc)
	}
	query.Period = period
	return query, form
}

// filters are the choices of the form.
type filters struct {
	Periods, Streams, Channels []web.Choice
	From, To                   string
	Custom                     bool
}

func (q *request) filters(query measure.Query, streams, channels []string) filters {
	f := filters{
		Streams: []web.Choice{{Value: "", Label: q.t.T("filter.all.streams")}}, Channels: []web.Choice{{Value: "", Label: q.t.T("filter.all.channels")}},
		Custom: query.Period.Name == measure.Custom,
	}
	names := []string{measure.LastDay, measure.LastWeek, measure.LastMonth}
	if q.full {
		names = append(names, measure.Custom)
	}
	for _, name := range names {
		f.Periods = append(f.Periods, web.Choice{Value: name, Label: q.t.T("period." + name), Checked: name == query.Period.Name})
	}
	for _, id := range streams {
		if id != "" {
			f.Streams = append(f.Streams, web.Choice{Value: id, Label: q.streamName(id), Checked: id == query.Stream})
		}
	}
	for _, id := range channels {
		f.Channels = append(f.Channels, web.Choice{Value: id, Label: q.channelName(id), Checked: id == query.Channel})
	}
	loc := q.authority.Location()
	f.From, f.To = query.Period.From.In(loc).Format("2006-01-02"), query.Period.To.In(loc).AddDate(0, 0, -1).Format("2006-01-02")
	if query.Period.Name == measure.LastDay {
		f.To = query.Period.To.In(loc).Format("2006-01-02")
	}
	return f
}

func (q *request) streamName(id string) string {
	if s, ok := q.Streams.Get(q.authority.ID, id); ok && s.Name != "" {
		return s.Name
	}
	return id
}

func (q *request) channelName(id string) string {
	if c, ok := q.Channels.Get(q.authority.ID, id); ok && c.Name != "" {
		return c.Name
	}
	if id == visits {
		return q.t.T("channel.visits")
	}
	return id
}

// visits is the channel of what visitors do on the portal, which nobody has to
// declare.
const visits = "portal"

// address is a page or an export of the same query.
func (q *request) address(path string, form *web.Form, more ...string) string {
	values := url.Values{}
	for name, v := range form.Values {
		if len(v) > 0 && v[0] != "" {
			values.Set(name, v[0])
		}
	}
	for i := 0; i+1 < len(more); i += 2 {
		values.Set(more[i], more[i+1])
	}
	address := "/impact/" + url.PathEscape(q.authority.ID) + path
	if len(values) > 0 {
		address += "?" + values.Encode()
	}
	return address
}
