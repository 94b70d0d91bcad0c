package fanout_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/audience/fanout"
)

func TestBatchFollowsWindowAndRate(t *testing.T) {
	f := fanout.New(fanout.Deps{Metrics: fanout.NewMetrics(prometheus.NewRegistry())}, 0)
	for _, c := range []struct {
		window int
		rate   float64
		want   int
	}{
		{64, 0, 512},
		{1024, 0, 512},
		{16, 0, 128},
		{64, 10, 300}, // half a minute
		{64, 0.1, 8},
		{0, 0, 8}, // never none
	} {
		if got := f.BatchOf(registry.Channel{Window: c.window, RatePerSecond: c.rate}); got != c.want {
			t.Errorf("window %d, %g a second: %d recipients, %d wanted", c.window, c.rate, got, c.want)
		}
	}
}
