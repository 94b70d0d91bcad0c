// Package sign is the channel of kind sign: panneaux, municipal LED and digital
// signs.
//
// In: publications. Out: pages laid out for each sign (package panel), kept on
// the shelf, and shown in three ways:
//
//	GET  /signs/<authority>/<sign>.{json,txt,png,rss}   the sign asks
//	GET  /kiosk/<authority>/<sign>#token=…              a browser shows, even without a network
//	MQTT crieur/<authority>/<sign>, retained, QoS 1     the sign listens
//	POST /signs/<authority>/<sign>/displayed            proof of display, with the sign's token
//
// Guarantees: an alert takes the sign over, and its end gives it back; what
// expired or was withdrawn is gone from every way at once; the PNG is what the
// panel lights, pixel for pixel; delivering twice changes nothing.
//
// A sign whose profile is a kiosk is read in its browser as people write: title,
// when and where, text, what to do, every accent and no word shortened. The
// kiosk page of any other sign shows the panel's lines.
//
// A kiosk keeps its schedule and its page; over https (or localhost) a service
// worker lets it start without a network, and expiry, quiet hours and the end of
// a take-over come in time all the same. What it shows it proves each minute,
// with the sign's token, kept in that browser; registry.SignHealth is what is known of a sign.
//
// MQTT is published as an MQTT client, so that a sign that was away gets the
// retained message. On the broker that Crieur has inside, a sign reads without a
// name or a password, and can do nothing else. https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/mqtt-v3.1.1.html
package sign
