package demo

import (
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/crieur/crieur/events/record"
)

//go:embed recorded
var recorded embed.FS

// notice is one notice of the technical services.
type notice struct {
	ID           string           `json:"id"`
	Title        string           `json:"title"`
	Body         string           `json:"body"`
	Place        *record.Place    `json:"place"`
	Variants     []record.Variant `json:"variants"`
	StartsInDays int              `json:"startsInDays"` // after the first start
	StartsAtHour int              `json:"startsAtHour"` // in Albi
	AllDay       bool             `json:"allDay"`
	LastsHours   int              `json:"lastsHours"`
	AfterSeconds int              `json:"afterSeconds"` // when it is posted
}

// article is one piece of news of the State's agency for the territories.
type article struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	HTML  string `json:"html"`
}

func load[T any](name string) ([]T, error) {
	body, err := read(name)
	if err != nil {
		return nil, err
	}
	var list []T
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("demo: %s: %w", name, err)
	}
	return list, nil
}

func read(name string) ([]byte, error) {
	body, err := recorded.ReadFile("recorded/" + name)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	return body, nil
}

// news writes a JSON Feed 1.1 (jsonfeed.org/version/1.1), newest first, with a
// day between two articles before the first start.
func news(list []article, base string, started time.Time) ([]byte, error) {
	type item struct {
		ID        string    `json:"id"`
		URL       string    `json:"url"`
		Title     string    `json:"title"`
		HTML      string    `json:"content_html"`
		Published time.Time `json:"date_published"`
	}
	feed := struct {
		Version  string `json:"version"`
		Title    string `json:"title"`
		HomePage string `json:"home_page_url"`
		Language string `json:"language"`
		Items    []item `json:"items"`
	}{Version: "https://jsonfeed.org/version/1.1", Title: "Incubateur des territoires", HomePage: "https://incubateur.anct.gouv.fr/", Language: "fr"}
	for i, a := range list {
		feed.Items = append(feed.Items, item{ID: a.ID, URL: base + "/actualites/" + a.ID, Title: a.Title, HTML: a.HTML, Published: started.AddDate(0, 0, -i).Add(-time.Hour)})
	}
	body, err := json.Marshal(feed)
	if err != nil {
		return nil, fmt.Errorf("demo: news: %w", err)
	}
	return body, nil
}
