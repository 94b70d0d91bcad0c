// Package webhook is the channel of kind webhook: publications posted as JSON
// to an address of the authority's own software.
//
// In: publications. Out: one CloudEvents 1.0 event a revision, of type
// fr.crieur.publication.published.v1, .updated.v1 or .withdrawn.v1, in
// structured mode (application/cloudevents+json) or binary mode (ce-* headers
// and the data as the body). The event's id is the delivery's, and its subject
// the publication's, the same for all revisions. A withdrawn one has the reason,
// and of its content the title, place and link alone.
//
// Guarantees: each request is signed as Standard Webhooks asks: the headers
// webhook-id, webhook-timestamp (Unix seconds) and webhook-signature, which is
// "v1," and the base64 of HMAC-SHA256 over "<id>.<timestamp>.<body>"; a receiver
// refuses timestamps more than five minutes away. While a secret is replaced,
// requests carry the signatures of both. A repeated request has the same
// webhook-id: a receiver keeps the IDs of the last days and answers 2xx to one
// it knows. Redirects are not followed. Answers: 2xx accepted; 408, 425, 429
// (with Retry-After) and 5xx tried again; 410 and 404 not_found, for good; any
// other refusal is for good.
//
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md,
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
package webhook
