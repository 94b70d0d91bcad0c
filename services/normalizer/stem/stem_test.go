package stem_test

import (
	"sync"
	"testing"

	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/normalizer/stem"
)

func TestSame(t *testing.T) {
	t.Parallel()
	s := stem.New()
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"coupure", "Coupures", true},
		{"ÉCOLE", "écoles", true},
		{"associatif", "associatives", true},
		{"inondation", "inondations", true},
		{"opéra", "opération", false},
		{"gale", "galerie", false},
		{"eau", "eaux", true},
		{"2026", "2026", true},
	} {
		a, b := s.Words(nil, territory.Fold(c.a), -1), s.Words(nil, territory.Fold(c.b), -1)
		if (a[0] == b[0]) != c.same {
			t.Errorf("%s %s and %s %s: same %v", c.a, a, c.b, b, !c.same)
		}
	}
	if got := s.Words([]string{"x"}, "un deux  trois", 2); len(got) != 3 {
		t.Errorf("%q", got)
	}
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	s := stem.New()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if got := s.Words(nil, "les inondations municipales", -1); got[1] != "inond" {
					t.Errorf("%q", got)
				}
			}
		})
	}
	wg.Wait()
}
