package registry_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/crieur/crieur/events/registry"
)

func TestTokensAreReversible(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, token, stored string }{
		{"slug", "saint-medard_33", "saint-medard_33"},
		{"dot", "a.b", "a=2Eb"},
		{"escape itself", "a=2E", "a=3D2E"},
		{"wildcards", "*>", "=2A=3E"},
		{"accents and space", "é à", "=C3=A9=20=C3=A0"},
		{"path", "a/b", "a/b"},
		{"not UTF-8", "\xff\x00", "=FF=00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := registry.EncodeToken(tt.token); got != tt.stored {
				t.Errorf("EncodeToken(%q) = %q, want %q", tt.token, got, tt.stored)
			}
			if got, err := registry.DecodeToken(tt.stored); err != nil || got != tt.token {
				t.Errorf("DecodeToken(%q) = %q, %v", tt.stored, got, err)
			}
		})
	}
}

func TestDecodeTokenRefusesWhatIsNotWritten(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "a.b", "a b", "=", "=4", "=zz", "=2e", "=41", "a=", "é"} {
		if got, err := registry.DecodeToken(bad); err == nil {
			t.Errorf("DecodeToken(%q) = %q, want an error", bad, got)
		}
	}
}

func TestJoinKeyRefuses(t *testing.T) {
	t.Parallel()
	for _, bad := range []registry.Key{{}, {""}, {"a", ""}, {strings.Repeat("é", 200)}} {
		if k, err := registry.JoinKey("source", bad...); err == nil {
			t.Errorf("JoinKey(%q) = %q, want an error", []string(bad), k)
		}
	}
}

func FuzzKey(f *testing.F) {
	f.Add("33063", "meteo")
	f.Add("a.b", "=*>\x00é ")
	natsKey := regexp.MustCompile(`^[-/_=\.a-zA-Z0-9]+$`)
	f.Fuzz(func(t *testing.T, a, b string) {
		stored, err := registry.JoinKey("p", a, b)
		if err != nil {
			return
		}
		if !natsKey.MatchString(stored) || strings.Count(stored, ".") != 2 {
			t.Fatalf("%q %q is stored as %q", a, b, stored)
		}
		key, err := registry.SplitKey("p", stored)
		if err != nil || !slices.Equal(key, registry.Key{a, b}) {
			t.Fatalf("SplitKey(%q) = %q, %v", stored, key, err)
		}
	})
}
