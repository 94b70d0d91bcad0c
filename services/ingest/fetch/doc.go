// Package fetch is the one outgoing HTTP client of ingest.
//
// In: an address and what is remembered of it (ETag, Last-Modified). Out: the
// decoded body with what to remember next, or an [Error] with an events.Reason,
// a closed enum, whose text names the source without user info, query values
// or header values.
//
// Guaranteed for every request, each redirect included:
//   - only http and https; only the allowed ports;
//   - the address is checked after resolution, when the socket is about to
//     connect, so a name that resolves to something else the second time (DNS
//     rebinding) gains nothing;
//   - private, loopback, link-local, metadata, shared, benchmark, documentation,
//     multicast and translated addresses are refused unless the operator allows
//     their range;
//   - time, size and decompression ratio are bounded;
//   - headers given by a source (keys, tokens) never follow a redirect to
//     another origin.
//
// Environment proxies are not used: the guard could not see the address.
//
// Standards: RFC 9110 (conditional requests, Retry-After), RFC 8878 and 9659
// (zstd and its window), RFC 7932 (br), RFC 6890 and the IANA special-purpose
// registries (addresses).
package fetch
