// Package console is the officers' pages under /console.
//
// In: requests of people who sign in with a local account or at the issuer of
// package openid, and the desk's items. Out: HTML that needs no script; htmx
// saves reloads, server-sent events bring what comes in, and a small file gives
// single-key shortcuts.
//
// Guarantees: no page and no action without a session and a role for the
// authority in the address; every write is a POST that http.CrossOriginProtection
// (in web.Protect, on the listener) has let through; every text of a source is
// escaped, and the previews' HTML, sanitised by their channel, is sanitised
// again. An officer whose item changed meanwhile is told so and shown it; what
// was typed stays in the form.
//
// Who signs in at the issuer comes in by an account that somebody made: the one
// that the identity is bound to or else, once, the one of its verified address. A
// code is asked for unless the issuer took two factors.
package console
