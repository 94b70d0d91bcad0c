package source

import "testing"

func TestPage(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://WWW.m.example:443/1/?utm_source=x#top": "m.example/1", "http://m.example": "m.example", "http://m.example/": "m.example",
		"http://m.example/a/?id=1/": "m.example/a?id=1/", "http://m.example:8080/": "m.example:8080", "/relative/": "/relative/", "tel:15": "tel:15", "": "",
	} {
		if got := Page(raw); got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
	}
	// An identifier keeps its fragment: it tells the items of one page apart.
	if got := Bare("http://www.m.example/avis/#2"); got != "m.example/avis/#2" {
		t.Errorf("got %q", got)
	}
}
