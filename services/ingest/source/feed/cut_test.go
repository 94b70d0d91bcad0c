package feed

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/crieur/crieur/services/ingest/fetch"
	"github.com/crieur/crieur/services/ingest/source"
)

// What a connection that broke off has kept back is read the next time, though
// the server says that nothing has changed since.
func TestWhatWasCutIsReadTheNextTime(t *testing.T) {
	t.Parallel()
	whole := `<rss version="2.0"><channel><item><guid>1</guid><title>Un</title></item><item><guid>2</guid><title>Deux</title></item></channel></rss>`
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("ETag", `"1"`)
		switch {
		case asked == 1:
			fmt.Fprint(w, whole[:100])
		case r.Header.Get("If-None-Match") == `"1"`:
			w.WriteHeader(http.StatusNotModified)
		default:
			fmt.Fprint(w, whole)
		}
	}))
	t.Cleanup(server.Close)
	client, err := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	f, err := New(source.Deps{HTTP: client, Now: time.Now}, source.Spec{Authority: "pessac", ID: "site", URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	records, cur, err := f.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 2 || !errors.Is(records[1].Refused, errCut) {
		t.Fatalf("%d records, %v", len(records), err)
	}
	if records, cur, err = f.Fetch(t.Context(), cur); err != nil || len(records) != 2 || records[1].Refused != nil {
		t.Fatalf("%d records, %v", len(records), err)
	}
	if _, _, err = f.Fetch(t.Context(), cur); !errors.Is(err, source.ErrUnchanged) {
		t.Errorf("the third time: %v", err)
	}
}

// A feed that cannot be read tells the line of the document as it came.
func TestLineOfWhatIsBroken(t *testing.T) {
	t.Parallel()
	body := "<?xml version=\"1.0\"?>\n<!--\na long\nnotice\n-->\n<rss version=\"2.0\">\n<channel>\n<title>Un</title>\n</channel>\n</rss"
	if _, err := Parse([]byte(body), Options{}); err == nil || err.Error() != "feed: not well-formed on line 10" {
		t.Errorf("%v", err)
	}
}
