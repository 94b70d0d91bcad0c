package dates

import (
	"testing"
	"time"
)

func TestRead(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"2026-11-23": "2026-11-22T23:00:00Z day", "2026-11-23T08:00:00": "2026-11-23T07:00:00Z", "2026-11-23T08:00:00+00:00": "2026-11-23T08:00:00Z", "2026-11-20 08:00:00+01": "2026-11-20T07:00:00Z",
		"01/01/32": "2031-12-31T23:00:00Z day", "01/01/99": "1998-12-31T23:00:00Z day", "31/12/2026 10:30": "2026-12-31T09:30:00Z", "mardi 1er août 2026 à 10h": "2026-08-01T08:00:00Z", "lun. 3 févr. 2026": "2026-02-02T23:00:00Z day",
		"1790000000": "2026-09-21T14:13:20Z", "1790000000000": "2026-09-21T14:13:20Z", "2026-12-01T00:00:00": "2026-11-30T23:00:00Z day", "23.11.2026": "2026-11-22T23:00:00Z day",
		"publié le mardi 3 mars 2026": "2026-03-02T23:00:00Z day", "03 mars 2026 10:30:00 +0000": "2026-03-03T10:30:00Z", "3-mrz-2026 07:00 GMT": "2026-03-03T07:00:00Z", "5 de abril de 2026": "2026-04-04T22:00:00Z day", "12 dic 2026": "2026-12-11T23:00:00Z day",
		"il y a eu une fête le 3 mars 2026": "", "3 brumaire 2026": "",
		"31/02/2026": "", "99/99/9999": "", "0001-01-01": "", "": "", "bientôt": "", "12": "",
	} {
		at, day, ok := Read(text, paris)
		got := ""
		if ok {
			got = at.Format(time.RFC3339)
		}
		if day {
			got += " day"
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if at, day, ok := Read("Nov_23_2026", paris, "Jan_02_2006"); !ok || !day || at.Day() != 22 {
		t.Errorf("a layout of one's own: %s, %t, %t", at, day, ok)
	}
	from, to, day, ok := Period("du 01/01/20 au 01/01/32", paris)
	if !ok || !day || from.Year() != 2019 || to.Year() != 2031 {
		t.Errorf("period: %s, %s, %t, %t", from, to, day, ok)
	}
}
