package grandlyon

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func TestFollowsNextLinks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ settings, size, answer, licence string }{
		"web service": {"url: $URL/ws/all.json\nfilter: {etat__eq: ouvert}", "maxfeatures", `{"values":[{"gid":%d,"nom":"x"}],"next":%q}`, ""},
		"features":    {"url: $URL/collections/a/items\nfilter: {etat__eq: ouvert}", "limit", `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"gid":%d,"nom":"x"}}],"links":[{"rel":"self","href":"x"},{"rel":"next","href":%q}]}`, "etalab-2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := sourcetest.Serve(t, Kind(), c.settings+"\nuser: lecture\npassword: ${X}", func(w http.ResponseWriter, r *http.Request) {
				user, password, _ := r.BasicAuth()
				q := r.URL.Query()
				if r.URL.Path == "/collections/a" {
					fmt.Fprint(w, `{"id":"a","links":[{"rel":"items","href":"x"},{"rel":"license","href":"https://www.etalab.gouv.fr/licence-ouverte-open-licence"}]}`)
					return
				}
				if user != "lecture" || password != "s3cret" || q.Get(c.size) != "1000" || q.Get("etat__eq") != "ouvert" {
					t.Errorf("asked %s", r.URL)
				}
				page, next := 1, "https://"+r.Host+r.URL.RequestURI()+"&start=2" // behind a proxy, as the portal is
				if q.Get("start") == "2" {
					page, next = 2, ""
				}
				fmt.Fprintf(w, c.answer, page, next)
			})
			records, _, err := src.Fetch(t.Context(), source.Cursor{})
			if err != nil || len(records) != 2 || records[0].Item != "1" || records[1].Item != "2" || records[0].Value.(record.Entry).Licence != c.licence {
				t.Errorf("%+v, %v", records, err)
			}
		})
	}
}
