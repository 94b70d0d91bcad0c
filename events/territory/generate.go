//go:build ignore

// Command generate writes the reference files of package territory:
//
//	go run generate.go <folder>
//
// The folder holds communes.csv (insee, nom, departement, region, population,
// siren, epci, epci_nom, codes_postaux, lon, lat), departements.json and
// regions.json of @etalab/decoupage-administratif, and EMMA_ID/*.geojson
// outlines of MeteoAlarm's zones, from which each zone's départements are
// derived: those of which it holds most of the communes' centroids.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

type commune struct {
	code, name, dep, pop, epci, postcodes string
	lat, lon                              string
	x, y                                  float64
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run generate.go <folder>")
	}
	dir := os.Args[1]
	communes, epci := read(filepath.Join(dir, "communes.csv"))
	slices.SortFunc(communes, func(a, b commune) int { return strings.Compare(a.code, b.code) })
	var b strings.Builder
	for _, c := range communes {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.code, c.name, c.pop, c.epci, c.postcodes, c.lat, c.lon)
	}
	pack("reference/communes.tsv.gz", b.String())

	b.Reset()
	var sirens []string
	for s := range epci {
		sirens = append(sirens, s)
	}
	slices.Sort(sirens)
	for _, s := range sirens {
		fmt.Fprintf(&b, "%s\t%s\n", s, epci[s])
	}
	pack("reference/epci.tsv.gz", b.String())

	write("reference/departements.tsv", table(filepath.Join(dir, "departements.json")))
	write("reference/regions.tsv", table(filepath.Join(dir, "regions.json")))
	write("reference/emma.tsv", zones(dir, communes))
}

func read(path string) ([]commune, map[string]string) {
	f, err := os.Open(path)
	check(err)
	defer f.Close()
	r := csv.NewReader(f)
	_, err = r.Read()
	check(err)
	var list []commune
	epci := map[string]string{}
	for {
		rec, err := r.Read()
		if err == io.EOF {
			return list, epci
		}
		check(err)
		c := commune{code: rec[0], name: rec[1], dep: rec[2], pop: rec[4], epci: rec[6], postcodes: rec[8], lon: rec[9], lat: rec[10]}
		if c.lat != "" {
			c.x, err = strconv.ParseFloat(c.lon, 64)
			check(err)
			c.y, err = strconv.ParseFloat(c.lat, 64)
			check(err)
		}
		if c.epci != "" {
			epci[c.epci] = rec[7]
		}
		list = append(list, c)
	}
}

func table(path string) string {
	body, err := os.ReadFile(path)
	check(err)
	var list []struct{ Code, Region, ChefLieu, Nom string }
	check(json.Unmarshal(body, &list))
	var b strings.Builder
	for _, d := range list {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", d.Code, d.Nom, d.Region, d.ChefLieu)
	}
	return b.String()
}

func zones(dir string, communes []commune) string {
	files, err := filepath.Glob(filepath.Join(dir, "EMMA_ID", "FR*.geojson"))
	check(err)
	total := map[string]int{}
	for _, c := range communes {
		if c.lat != "" {
			total[c.dep]++
		}
	}
	var b strings.Builder
	for _, f := range files {
		body, err := os.ReadFile(f)
		check(err)
		var z struct {
			Properties struct{ Code, Name string }
			Geometry   struct {
				Type        string
				Coordinates json.RawMessage
			}
		}
		check(json.Unmarshal(body, &z))
		var polygons [][][][]float64
		if z.Geometry.Type == "Polygon" {
			polygons = make([][][][]float64, 1)
			check(json.Unmarshal(z.Geometry.Coordinates, &polygons[0]))
		} else {
			check(json.Unmarshal(z.Geometry.Coordinates, &polygons))
		}
		inside := map[string]int{}
		for _, c := range communes {
			if c.lat == "" {
				continue
			}
			for _, p := range polygons {
				if contains(p[0], c.x, c.y) {
					inside[c.dep]++
					break
				}
			}
		}
		var deps []string
		for d, n := range inside {
			if 2*n > total[d] {
				deps = append(deps, d)
			}
		}
		slices.Sort(deps)
		fmt.Fprintf(&b, "%s\t%s\t%s\n", z.Properties.Code, strings.Join(deps, "|"), z.Properties.Name)
	}
	return b.String()
}

func contains(ring [][]float64, x, y float64) bool {
	in := false
	for i, j := 0, len(ring)-1; i < len(ring); j, i = i, i+1 {
		x1, y1, x2, y2 := ring[i][0], ring[i][1], ring[j][0], ring[j][1]
		if (y1 > y) != (y2 > y) && x < (x2-x1)*(y-y1)/(y2-y1)+x1 {
			in = !in
		}
	}
	return in
}

func pack(path, text string) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	check(err)
	_, err = io.WriteString(w, text)
	check(err)
	check(w.Close())
	write(path, b.String())
}

func write(path, text string) { check(os.WriteFile(path, []byte(text), 0o644)) }

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
