package menus

import (
	"testing"

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
