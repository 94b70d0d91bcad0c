// Package demo is the demonstration: Albi and its communauté d'agglomération,
// from the reference data, fed by recorded input that is served locally, with
// stand-ins for the outside (package outside) and residents who do not exist.
//
// In: a configuration, which Prepare completes. Out: services to run beside
// Crieur's own, which know nothing of it: what the demonstration shows is what
// an installation does.
//
// The first start is remembered in the data folder, so that a second one goes
// on: recorded items keep the dates they were given.
package demo
