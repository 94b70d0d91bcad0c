package source

import (
	"sync"
	"time"
)

// Zones shares the time zones of sources: 36,000 copies of Europe/Paris weigh
// 130 MB. Its zero value and nil are usable; it is safe for concurrent use.
type Zones struct{ loaded sync.Map }

// Load is time.LoadLocation.
func (z *Zones) Load(name string) (*time.Location, error) {
	if z == nil {
		return time.LoadLocation(name)
	}
	if zone, ok := z.loaded.Load(name); ok {
		return zone.(*time.Location), nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, err
	}
	shared, _ := z.loaded.LoadOrStore(name, zone)
	return shared.(*time.Location), nil
}
