package fanout

import "github.com/crieur/crieur/events/registry"

// BatchOf is how many recipients a delivery on ch has.
func (f *Fanout) BatchOf(ch registry.Channel) int { return f.batch(ch) }
