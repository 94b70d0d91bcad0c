// Package openid is how officers prove who they are at an OpenID Connect issuer
// that the configuration names: ProConnect, or any other.
//
// In: the issuer's configuration, and the browser that comes back from it. Out:
// an Identity.
//
// Guarantees: the authorization code flow of OpenID Connect Core 1.0, 3.1, with
// PKCE, S256 only (RFC 7636); the ID token's signature, issuer, audience and
// expiry (3.1.3.7), the state and the nonce are checked; the answer of the
// userinfo endpoint, JSON or a signed JWT, is of the same subject (5.3.2). The
// issuer is not asked for anything before somebody signs in, nor at a start: its
// absence is an ErrAway of that moment. No redirect of it is followed, an answer
// has at most 1 MiB, and with an https issuer every address of it is https.
//
// Of what an issuer says, the subject, the address and how the person proved who
// they are is read, and nothing else.
//
// A signature is RSA, ECDSA or EdDSA: at ProConnect, the service is to be
// registered with RS256 or ES256, for what is signed by HS256 is refused.
//
// Sources: https://openid.net/specs/openid-connect-core-1_0.html,
// https://openid.net/specs/openid-connect-rpinitiated-1_0.html,
// https://www.rfc-editor.org/rfc/rfc7636, and for ProConnect
// https://partenaires.proconnect.gouv.fr/docs/fournisseur-service/implementation_technique
package openid
