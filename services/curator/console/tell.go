package console

import (
	"context"
	"net/http"
	"time"

	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/curator/item"
)

// tellWithin bounds how long telling the other officers may take.
const tellWithin = 10 * time.Second

// tellApprovers says to the other officers, where the authority has a channel
// that only they read, that an alert waits for one of them. The one who
// approved waits for nothing: the alert is in the alarms all the same.
func (c *Console) tellApprovers(r *http.Request, d *desktop, it item.Item, rules item.Rules) {
	n, needed := len(it.Approvals), it.Needed(rules)
	if !alert(it) || it.State != item.Pending || n == 0 || n >= needed {
		return
	}
	req := call.TellRequest{
		Authority: it.Authority, Label: d.t.T("tell.open"), Link: c.cfg.PublicURL + itemPath(it),
		Text: d.t.T("tell.alert", "title", it.Content().Title, "who", d.officer.Name, "n", n, "needed", needed),
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), tellWithin)
	go func() {
		defer cancel()
		if _, err := call.Ask(ctx, d.NATS, call.Tell, req); err != nil {
			c.cfg.Logger.WarnContext(ctx, "officers are not told of an alert", "authority", it.Authority, "err", err)
		}
	}()
}
