package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/run"
)

// How many invented residents there are: by SMS, and by e-mail.
const (
	residentsBySMS  = 48
	residentsByMail = 27
)

// residents enrols people who do not exist, as the counter of the town hall
// would. Numbers are of the range Arcep keeps for fiction; a second enrolment
// changes nothing.
func residents(deps run.Deps) run.Service {
	return run.Func("demo-residents", func(ctx context.Context) error {
		people := make([]call.Enrolment, 0, residentsBySMS+residentsByMail)
		for i := range residentsBySMS {
			people = append(people, call.Enrolment{Kind: "sms", Address: call.Address(fmt.Sprintf("+336399801%02d", i)), Streams: []string{"alertes", "infos"}})
		}
		for i := range residentsByMail {
			people = append(people, call.Enrolment{Kind: "email", Address: call.Address(fmt.Sprintf("habitant-%02d@example.org", i)), Streams: []string{"alertes", "infos"}})
		}
		for {
			rep, err := call.Ask(ctx, deps.NATS, call.Enrol, call.EnrolRequest{Authority: town, By: "import", Evidence: "Démonstration : personnes inventées", People: people})
			for _, no := range rep.Refused {
				deps.Logger.Warn("demo: resident refused", "number", no.Index, "field", no.Field, "reason", no.Reason)
			}
			if err == nil || events.OutcomeOf(err).Kind == events.PermanentFailure {
				return err
			}
			// Audience may not answer yet.
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
}
