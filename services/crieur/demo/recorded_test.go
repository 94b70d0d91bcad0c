package demo

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"
)

func TestFeedGrowsAndKeepsItsDates(t *testing.T) {
	t.Parallel()
	list, err := load[event]("agenda-albi.json")
	if err != nil {
		t.Fatal(err)
	}
	started := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	items := func(now time.Time) []string {
		body, err := rss(list, "http://site", started, now)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Items []struct {
				Title   string `xml:"title"`
				PubDate string `xml:"pubDate"`
			} `xml:"channel>item"`
		}
		if err := xml.Unmarshal(body, &doc); err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, i := range doc.Items {
			out = append(out, i.Title+" "+i.PubDate)
		}
		return out
	}
	first, later := items(started), items(started.Add(time.Minute))
	if len(first) != readyItems || len(later) <= len(first) {
		t.Fatalf("%d items at the start, %d a minute later", len(first), len(later))
	}
	for i := range first {
		if first[len(first)-1-i] != later[len(later)-1-i] {
			t.Errorf("item %d changed: %q, %q", i, first[len(first)-1-i], later[len(later)-1-i])
		}
	}
}

func TestVigilanceIsOfTodayAndOfTheTarn(t *testing.T) {
	t.Parallel()
	started := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	body, err := vigilance(started)
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(body, new(struct{})); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<sent>2026-11-23T07:59:00+00:00</sent>", "<expires>2026-11-24T10:00:00+00:00</expires>", "FR627", "Vigilance jaune orages"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("the alert lacks %s", want)
		}
	}
	if strings.Contains(string(body), "2022") {
		t.Error("a date of the recording is left")
	}
}
