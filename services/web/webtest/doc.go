// Package webtest shows pages to a real browser in tests: Chromium, driven by
// its DevTools protocol over a pipe (chromedevtools.github.io/devtools-protocol),
// and the accessibility rules of axe-core (github.com/dequelabs/axe-core, MPL
// 2.0, from a lock file).
//
// A test is skipped, with a message, where the browser or the rules are not
// installed: .ci/peers installs both.
package webtest
