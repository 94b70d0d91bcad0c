// Package consent is who agreed to what: a subscriber, on one stream, by one
// kind of channel, for some topics and areas, with the proof of it; and the
// compressed bitmaps that answer in a moment who a publication is for.
//
// In come the subscriptions of the vault, as they change. Out go sets of
// subscriber ordinals (github.com/RoaringBitmap/roaring), never a contact.
//
// Guarantees: nobody is selected without a confirmed subscription on that very
// stream and kind; ending a subscription keeps its proof (GDPR art. 7(1): the
// controller must be able to demonstrate consent) and withdraws it at once
// (art. 7(3)). A person on several channels is told once, on the best one,
// unless he asked otherwise or the publication is an alert.
//
// https://www.cnil.fr/fr/les-bases-legales/consentement
package consent
