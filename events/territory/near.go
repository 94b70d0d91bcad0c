package territory

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

const (
	cellDegrees = 0.25
	kmPerDegree = 111.195 // of latitude, on a sphere of 6,371 km
)

// cell files a commune under its square of a quarter of a degree.
type cell struct {
	key int32
	row uint32
}

func cellKey(lat, lon float64) int32 {
	return int32(math.Floor((lat+90)/cellDegrees))*4096 + int32(math.Floor((lon+180)/cellDegrees))
}

// DistanceKm is the great-circle distance between two WGS 84 positions.
func DistanceKm(lat1, lon1, lat2, lon2 float64) float64 {
	const rad = math.Pi / 180
	dLat, dLon := (lat2-lat1)*rad/2, (lon2-lon1)*rad/2
	h := math.Sin(dLat)*math.Sin(dLat) + math.Cos(lat1*rad)*math.Cos(lat2*rad)*math.Sin(dLon)*math.Sin(dLon)
	return 2 * 6371 * math.Asin(math.Min(1, math.Sqrt(h)))
}

func onEarth(lat, lon float64) bool {
	return lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180 // false for NaN
}

// MaxNearKm is as far as a commune's centroid can be from a position that At
// places in it; the widest commune of mainland France, Arles, reaches some 40 km.
const MaxNearKm = 40

const (
	// surely and maybe are how far from its centroid, in its own reach, a position
	// is of a commune without doubt, and can still be.
	surely = 0.6
	maybe  = 1.5
	// usualKm is the radius of a disc as wide as the average commune: of a village
	// few people say nothing of its fields.
	usualKm = 2.2
)

// reachKm is the radius of a disc as wide as a commune of so many inhabitants is
// likely to be: surfaces go with the square root of the population, 48 km² at
// Lyon, 105 km² in Paris. Outlines are not kept.
func reachKm(inhabitants int32) float64 {
	return 0.147 * math.Sqrt(math.Sqrt(float64(max(inhabitants, 1000))))
}

// At returns the commune in which a WGS 84 position most likely is: that whose
// centroid is the nearest for its size. A position that may be in a commune of
// home (INSEE codes; others are nothing), and is not at the heart of another, is
// in the one of home: a town speaks of its own streets. False when no centroid
// is within MaxNearKm: at sea, abroad, or where the position is a mistake such as
// (0, 0). Near a limit the true commune may be a neighbour.
func (t *Territory) At(lat, lon float64, home ...string) (Commune, bool) {
	for _, radius := range []float64{10, MaxNearKm} {
		var best, own uint32
		bestFar, ownFar, ownKm := math.Inf(1), math.Inf(1), math.Inf(1)
		t.within(lat, lon, radius, func(r uint32, km float64) {
			far := km / reachKm(t.rows[r].population)
			if far < bestFar {
				best, bestFar = r, far
			}
			if far < ownFar && slices.Contains(home, t.rows[r].code) {
				own, ownFar, ownKm = r, far, km
			}
		})
		switch {
		case (ownFar <= maybe || ownKm <= usualKm) && bestFar >= surely:
			return t.commune(own), true
		case !math.IsInf(bestFar, 1):
			return t.commune(best), true
		}
	}
	return Commune{}, false
}

// Within returns the communes whose centroid is at most radiusKm from a
// position, the nearest first. The radius is bounded to 200 km.
func (t *Territory) Within(lat, lon, radiusKm float64) []Commune {
	type near struct {
		row uint32
		km  float64
	}
	var found []near
	t.within(lat, lon, math.Min(radiusKm, 200), func(r uint32, km float64) { found = append(found, near{r, km}) })
	slices.SortFunc(found, func(a, b near) int { return cmp.Or(cmp.Compare(a.km, b.km), cmp.Compare(a.row, b.row)) })
	list := make([]Commune, len(found))
	for i, n := range found {
		list[i] = t.commune(n.row)
	}
	return list
}

func (t *Territory) within(lat, lon, radiusKm float64, yield func(row uint32, km float64)) {
	if !onEarth(lat, lon) {
		return
	}
	dLat := radiusKm / kmPerDegree
	dLon := dLat / math.Max(0.1, math.Cos(lat*math.Pi/180))
	for y := lat - dLat; ; y += cellDegrees {
		y = math.Min(y, lat+dLat)
		t.row(cellKey(y, lon-dLon), cellKey(y, lon+dLon), func(r uint32) {
			km := DistanceKm(lat, lon, float64(t.rows[r].lat), float64(t.rows[r].lon))
			if km <= radiusKm {
				yield(r, km)
			}
		})
		if y >= lat+dLat {
			return
		}
	}
}

// row yields the communes of cells from one key to another.
func (t *Territory) row(from, to int32, yield func(uint32)) {
	i := sort.Search(len(t.grid), func(i int) bool { return t.grid[i].key >= from })
	for ; i < len(t.grid) && t.grid[i].key <= to; i++ {
		yield(t.grid[i].row)
	}
}

// Ring is a closed line of WGS 84 positions, latitude first.
type Ring [][2]float64

// Inside returns the communes whose centroid is in the ring, by decreasing
// population.
func (t *Territory) Inside(ring Ring) []Commune {
	if len(ring) < 3 {
		return nil
	}
	lo, hi := ring[0], ring[0]
	for _, p := range ring {
		if !onEarth(p[0], p[1]) {
			return nil
		}
		lo[0], lo[1] = math.Min(lo[0], p[0]), math.Min(lo[1], p[1])
		hi[0], hi[1] = math.Max(hi[0], p[0]), math.Max(hi[1], p[1])
	}
	var rows []uint32
	for y := lo[0]; ; y += cellDegrees {
		y = math.Min(y, hi[0])
		t.row(cellKey(y, lo[1]), cellKey(y, hi[1]), func(r uint32) {
			if ring.contains(float64(t.rows[r].lat), float64(t.rows[r].lon)) {
				rows = append(rows, r)
			}
		})
		if y >= hi[0] {
			break
		}
	}
	slices.Sort(rows)
	return t.communes(slices.Compact(rows))
}

func (ring Ring) contains(lat, lon float64) bool {
	in := false
	for i, j := 0, len(ring)-1; i < len(ring); j, i = i, i+1 {
		a, b := ring[i], ring[j]
		if (a[0] > lat) != (b[0] > lat) && lon < (b[1]-a[1])*(lat-a[0])/(b[0]-a[0])+a[1] {
			in = !in
		}
	}
	return in
}
