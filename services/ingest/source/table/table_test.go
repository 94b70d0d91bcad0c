package table

import (
	"testing"

	"github.com/crieur/crieur/services/ingest/sourcetest"
)

func TestContract(t *testing.T) {
	sourcetest.Run(t, sourcetest.Suite{
		Kind: Kind(), ContentType: "text/csv", Settings: "token: ${X}",
		Document: []byte(`identifiant;titre;description
1;Marché;Place de la Mairie
2;Bal;Salle des fêtes
`),
		Latin1: []byte("titre;description\nHoraires d'\xe9t\xe9;Mairie\n"),
		Twice: []byte(`id;titre
1;Un
1;Deux
`),
	})
}
