// Package smshttp is the channel of kind smshttp: SMS by a provider's HTTP
// interface, which a file describes.
//
// In: publications and subscribers' mobile numbers. Out: one request a
// recipient, receipts as the provider reports them, and those who answered STOP
// taken off. Texts are written as by kind sms.
//
// A provider file (providers/*.yaml are the built-in ones; an operator names
// his own with provider_file) says how a request is written (method, address,
// headers, body: Go templates), how it is authenticated (basic, header, or
// OVH's signature), where the answer has the message's ID, which answers mean
// what, how delivery reports are read, and how many messages or parts the
// provider takes a second.
//
// Guarantees: a lost answer, and a 500, 502 or 504, is ambiguous, until a report
// tells: each goes to an address of its own where the provider is told one; reports are
// taken at /sms/<authority>/<channel>/<token>/receipt and answers at …/incoming,
// where the token is derived from the provider's secret and compared in constant
// time; a report that cannot be stored is answered 503, so that it comes again.
// Numbers, texts and secrets are in no error.
//
// OVH: https://eu.api.ovh.com/console/?section=%2Fsms,
// https://help.ovhcloud.com/csm/en-gb-api-getting-started-ovhcloud-api;
// Brevo: https://developers.brevo.com/reference/sendtransacsms,
// https://developers.brevo.com/docs/transactional-webhooks;
// smsmode: https://dev.smsmode.com/sms/v1/;
// Twilio: https://www.twilio.com/docs/messaging/api/message-resource,
// https://help.twilio.com/articles/115002943027 (rates count segments).
package smshttp
