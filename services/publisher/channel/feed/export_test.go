package feed

import (
	"net/http"
	"time"

	"github.com/crieur/crieur/services/publisher/channel"
)

// NewFactoryFor is NewFactory with a client for callbacks, less patient.
func NewFactoryFor(client *http.Client) channel.Factory {
	return newFactory(client, 20*time.Millisecond)
}
