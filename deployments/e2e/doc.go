// Package e2e holds scenarios over the real program: its own binary, engines
// embedded, and peers that others wrote. Each scenario builds the binary once
// and runs it as an operator would.
package e2e
