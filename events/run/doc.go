// Package run is the life of a service, the same in the one binary and in a
// program of its own: what it is given (Deps), how it starts, fails, starts
// again and stops (Group), and what it shows of itself: logs, metrics, traces,
// /healthz, /readyz and /metrics.
//
// What comes in: services and their dependencies. What goes out: one error
// when the program has to end, nil after an ordinary stop.
//
// Guarantees:
//   - Services start in the order they were added, each once the one before is
//     ready, and stop in the reverse order, within one bound for all.
//   - A service that fails or panics is started again, with a growing delay; its
//     failure is logged once and stays visible in /readyz and the metrics. Only
//     a configuration error at its first start ends the program.
//   - A Secret is never printed, logged or encoded.
//   - Nothing here is a package variable that changes: two groups can live in
//     one test.
//
// Time: code that is tested with a real NATS takes its time from Deps.Clock,
// and its tests give it a clocktest.Clock; testing/synctest cannot hold a
// server. Code without network uses the SystemClock, which testing/synctest
// makes fake.
package run
