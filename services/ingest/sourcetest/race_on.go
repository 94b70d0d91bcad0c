//go:build race

package sourcetest

// underRace is how many times more the race detector may cost.
const underRace = 20
