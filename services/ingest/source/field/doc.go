// Package field is a form for an agent's telephone, at /terrain/<authority>/<source>:
// what was seen, where, how urgent, and a photo.
//
// In: a form, from an agent who signed in with a code. Out: one record.Entry of
// class service, whose photo is kept apart and served at /media/.
//
// Guaranteed: the form works without a script. With one it also works without a
// network: what is sent waits in the telephone (IndexedDB) and leaves when the
// network is back (service worker), once: an entry is known by the identifier the
// telephone gave it. A photo is decoded and drawn again, upright and at most 1,920
// pixels wide, so that neither its place nor anything else that a camera writes
// into a file remains. Nothing is read of a request before its agent is known.
// No code is written in any page, log or error; a session is a signed cookie, which
// ends with the code it was made of.
//
// Accessibility follows RGAA 4.1; nothing is inline, as the site's policy wants.
package field
