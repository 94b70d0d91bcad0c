// Package sign is the channel of kind sign: panneaux, municipal LED and digital
// signs.
//
// In: publications. Out: pages laid out for each sign (package panel), kept on
// the shelf, and shown in three ways:
//
//	GET  /signs/<authority>/<sign>.{json,txt,png,rss}   the sign asks
//	GET  /kiosk/<authority>/<sign>                      a browser shows
//	MQTT crieur/<authority>/<sign>, retained, QoS 1     the sign listens
//	POST /signs/<authority>/<sign>/displayed            proof of display, with the sign's token
//
// Guarantees: an alert takes the sign over, and its end gives it back; what
// expired or was withdrawn is gone from every way at once; the PNG is what the
// panel lights, pixel for pixel; delivering twice changes nothing.
//
// MQTT is published as an MQTT client, so that a sign that was away gets the
// retained message. https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/mqtt-v3.1.1.html
package sign
