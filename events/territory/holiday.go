package territory

import (
	"slices"
	"time"
)

// Holiday reports whether the day that t is on, in its own location, is a public
// holiday in a département ("" is none in particular): those of the whole country
// (Code du travail, L3133-1), of Alsace and Moselle (L3134-13), and of the
// overseas territories (L3422-2, and their own laws).
func Holiday(t time.Time, departement string) bool {
	day := t.Format("01-02")
	if slices.Contains([]string{"01-01", "05-01", "05-08", "07-14", "08-15", "11-01", "11-11", "12-25"}, day) {
		return true
	}
	sunday := easter(t.Year())
	after := func(days int) bool { return sunday.AddDate(0, 0, days).Format("01-02") == day }
	if after(1) || after(39) || after(50) { // Easter Monday, Ascension, Whit Monday
		return true
	}
	switch departement {
	case "57", "67", "68":
		return day == "12-26" || after(-2)
	case "971":
		return day == "05-27"
	case "972":
		return day == "05-22"
	case "973":
		return day == "06-10"
	case "974":
		return day == "12-20"
	case "976":
		return day == "04-27"
	case "977":
		return day == "10-09"
	case "978":
		return day == "05-28"
	case "986":
		return day == "04-28" || day == "07-29"
	case "987":
		return day == "03-05" || day == "11-20" || after(-2)
	case "988":
		return day == "09-24"
	}
	return false
}

// easter is Easter Sunday of a Gregorian year (Meeus, Astronomical Algorithms,
// chapter 8).
func easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Date(year, time.Month(n/31), n%31+1, 0, 0, 0, 0, time.UTC)
}
