package cli

import (
	"runtime/debug"
	"testing"
)

func TestVersionTellsWhatWasBuilt(t *testing.T) {
	t.Parallel()
	const commit = "4c7287b0a1b2c3d4e5f60718293a4b5c6d7e8f90"
	for name, tc := range map[string]struct {
		settings []debug.BuildSetting
		want     string
	}{
		"no repository":  {nil, release},
		"a commit":       {[]debug.BuildSetting{{Key: "vcs.revision", Value: commit}, {Key: "vcs.modified", Value: "false"}}, release + "+4c7287b0a1b2"},
		"changed since":  {[]debug.BuildSetting{{Key: "vcs.revision", Value: commit}, {Key: "vcs.modified", Value: "true"}}, release + "+4c7287b0a1b2.modified"},
		"a short commit": {[]debug.BuildSetting{{Key: "vcs.revision", Value: "4c7287b"}}, release + "+4c7287b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := version(&debug.BuildInfo{Settings: tc.settings}); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}
