package menus

import (
	"net/http"
	"strings"
	"testing"

	"github.com/crieur/crieur/services/ingest/source"
	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func TestContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Suite{
		Kind: Kind(), ContentType: "text/csv", Settings: "",
		Document: []byte(`menuRestaurantNom,menuDate,menuPlatNom
Jules-Ferry,2099-09-01,Carottes râpées
Jules-Ferry,2099-09-02,Lasagnes
`),
		Latin1: []byte("menuRestaurantNom,menuDate,menuPlatNom\nJules-Ferry,2099-09-01,Salade d'\xe9t\xe9\n"),
		Twice: []byte(`menuRestaurantNom,menuRestaurantId,menuDate,menuPlatNom
Jules-Ferry,1,2099-09-01,Lasagnes
Jean-Macé,1,2099-09-01,Pizza
`),
	})
}

// TestManyBadLinesAreCounted: the first are told one by one, the others by their number.
func TestManyBadLinesAreCounted(t *testing.T) {
	t.Parallel()
	document := "menuRestaurantNom,menuDate,menuPlatNom\nJules-Ferry,2099-09-01,Carottes\n" + strings.Repeat("Jules-Ferry,demain,Lasagnes\n", maxRefused+37)
	src := sourcetest.Serve(t, Kind(), "", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		_, _ = w.Write([]byte(document))
	})
	records, _, err := src.Fetch(t.Context(), source.Cursor{})
	if err != nil || len(records) != 1+maxRefused+1 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	if last := records[len(records)-1].Refused; last == nil || !strings.HasSuffix(last.Error(), "37 lines more") {
		t.Errorf("got %v", last)
	}
}
