package sms

import "github.com/crieur/crieur/events"

// Meaning is what a receipt's state says, or its stat: without one.
func Meaning(state byte, stat string) (events.ReceiptStatus, events.Reason, bool) {
	return meaning(state, stat)
}
