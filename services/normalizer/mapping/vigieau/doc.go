// Package vigieau maps drought restrictions.
//
// In: a record.Entry of ingest's vigieau, whose extra niveauGravite is a level of
// the Environment Code (articles R. 211-66 and D. 211-70): vigilance, alerte,
// alerte_renforcee, crise. Out: a draft of class service, topic eau: an order
// limits uses, it does not call for shelter, and never rings at night. The four
// levels are the severities Minor to Extreme.
//
// An order without an end is taken to last half a year from its last reading; its
// withdrawal by the source ends it sooner.
package vigieau
