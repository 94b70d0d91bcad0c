package entry

import "testing"

func TestAge(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "6–12": "de 6 à 12 ans", "6–": "à partir de 6 ans", "–12": "jusqu’à 12 ans", "6–6": "6 ans",
		"0–99": "", "0–120": "", "0–3": "jusqu’à 3 ans", "16–99": "à partir de 16 ans",
	} {
		if got := age(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
