package card

import (
	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/services/publisher/channel"
)

// Show adds a card to a preview; nothing when there is none.
func Show(c *Card, preview *call.Preview) error {
	if c == nil {
		return nil
	}
	img, err := c.Image()
	if err != nil {
		return err
	}
	uri, err := channel.PNGDataURI(img)
	if err != nil {
		return err
	}
	preview.Images = append(preview.Images, uri)
	preview.Alts = append(preview.Alts, c.Alt)
	return nil
}
