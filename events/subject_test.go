package events_test

import (
	"testing"

	"github.com/crieur/crieur/events"
)

func TestAuthorityOf(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]string{
		events.Raw{Authority: "albi", Source: "site"}.Subject():                   "albi",
		events.Message{Authority: "albi", Topic: "eau"}.Subject():                 "albi",
		events.Publication{Authority: "albi", Stream: "infos"}.Subject():          "albi",
		events.Delivery{Authority: "albi", Kind: "sms", Class: "alert"}.Subject(): "albi",
		events.Receipt{Authority: "albi", Kind: "sms"}.Subject():                  "albi",
		events.Audit{Authority: "albi"}.Subject():                                 "albi",
		events.UnsignedSubject("albi", "site"):                                    "albi",
		"delivery.sms":                                                            "", "other.albi": "", "": "",
	} {
		if got := events.AuthorityOf(subject); got != want {
			t.Errorf("%s: %q, want %q", subject, got, want)
		}
	}
}
