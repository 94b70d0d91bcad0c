package runner

import (
	"context"
	"time"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/ingest/source"
)

// endsSoon is how long before its end a certificate or a token is spoken of: the
// time an officer's holidays leave to renew it.
const endsSoon = 21 * 24 * time.Hour

// alarms is a set of what is wrong with a source.
type alarms uint8

const (
	failing alarms = 1 << iota
	silent
	drifting
	certificateEnds
	tokenEnds
	pushRefused
)

// alarmNames are the values of the metric's label.
func alarmNames() map[alarms]string {
	return map[alarms]string{
		failing: "failing", silent: "silent", drifting: "drifting",
		certificateEnds: "certificate_ends", tokenEnds: "token_ends",
		pushRefused: "push_refused",
	}
}

// alarmsOf is pure: what is wrong, by a source's health.
func alarmsOf(h registry.SourceHealth) alarms {
	var a alarms
	for _, is := range []struct {
		alarm alarms
		so    bool
	}{
		{failing, h.ErrorStreak > 0},
		{silent, h.Stale},
		{drifting, h.Drifting},
		{certificateEnds, soon(h.CertificateExpires, h.LastAttempt)},
		{tokenEnds, soon(h.TokenExpires, h.LastAttempt)},
		{pushRefused, h.PushRefused},
	} {
		if is.so {
			a |= is.alarm
		}
	}
	return a
}

func soon(end, now time.Time) bool { return !end.IsZero() && end.Sub(now) < endsSoon }

// noteEnds writes into a source's health when what this turn was read with ends.
// A lease that renews itself is spoken of once it should have been renewed.
func noteEnds(t *task) {
	cert, token, asked := t.outside.ends()
	if asked {
		t.health.CertificateExpires = cert
	}
	if l, ok := t.src.(source.Leased); ok {
		lease := l.Lease()
		if lease.Late && (token.IsZero() || lease.Ends.Before(token)) {
			token = lease.Ends
		}
		t.health.PushRefused = lease.Refused
	}
	t.health.TokenExpires = token
}

// alarm logs what an operator should know, once, when it begins, and counts the
// source among those that have an alarm.
func (r *Runner) alarm(ctx context.Context, t *task, before registry.SourceHealth) {
	h := t.health
	log := r.deps.Log.With("authority", h.Authority, "source", h.Source, "kind", t.kind.Name)
	switch {
	case h.ErrorStreak == 1 || h.ErrorStreak > 0 && h.LastReason != before.LastReason:
		log.WarnContext(ctx, "source cannot be read", "reason", string(h.LastReason), "err", h.LastError)
	case before.ErrorStreak > 0 && h.ErrorStreak == 0:
		log.InfoContext(ctx, "source is read again", "errors", before.ErrorStreak)
	}
	now := alarmsOf(h)
	begun := now &^ t.told
	t.told = now
	if begun&silent != 0 {
		log.WarnContext(ctx, "source is silent for longer than usual", "since", h.LastChange)
	}
	if begun&drifting != 0 {
		log.WarnContext(ctx, "source drifts: its items lost a field they used to have")
	}
	if begun&certificateEnds != 0 {
		log.WarnContext(ctx, "the certificate of the source's server expires soon", "on", h.CertificateExpires)
	}
	if begun&tokenEnds != 0 {
		log.WarnContext(ctx, "the token or lease of the source expires soon", "on", h.TokenExpires)
	}
	if begun&pushRefused != 0 {
		log.WarnContext(ctx, "the hub of the source refuses to push: it is only polled")
	}
	r.count(t, now)
}

// count moves a source from its former alarms to those of now.
func (r *Runner) count(t *task, now alarms) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.removed || t.index < 0 && !t.running { // of a push: its source is not a task
		return
	}
	r.deps.Metrics.alarms(t.alarms, now)
	t.alarms = now
}

// uncount needs the runner's lock: a source that is no longer read has no alarm.
func (r *Runner) uncount(t *task) {
	r.deps.Metrics.alarms(t.alarms, 0)
	t.alarms = 0
}
