package card_test

import (
	"testing"

	"github.com/crieur/crieur/services/publisher/card"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
)

func BenchmarkPNG(b *testing.B) {
	c, err := card.Of(channeltest.Publication(), channeltest.Profile())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := c.PNG(); err != nil {
			b.Fatal(err)
		}
	}
}
