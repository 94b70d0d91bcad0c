package cli

import (
	"fmt"
	"runtime/debug"
)

// release is the version that this source becomes.
const release = "0.1.0"

type versionCmd struct{}

func (versionCmd) Run(g *globals) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	_, err := fmt.Fprintln(g.stdout, "crieur", version(info))
	return err
}

// version is the release with the commit that was built, as build metadata of
// Semantic Versioning 2.0: 0.1.0+4c7287b0a1b2, and .modified when the source was
// changed since. A build outside a repository has none.
func version(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	commit := settings["vcs.revision"]
	if commit == "" {
		return release
	}
	v := release + "+" + commit[:min(12, len(commit))]
	if settings["vcs.modified"] == "true" {
		v += ".modified"
	}
	return v
}
