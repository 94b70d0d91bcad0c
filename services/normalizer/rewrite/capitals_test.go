package rewrite_test

import (
	"testing"

	"github.com/crieur/crieur/services/normalizer/rewrite"
)

func TestCalm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"COUPURE D'EAU RUE DES FRÈRES LUMIÈRE":           "Coupure d'eau rue des Frères Lumière",
		"TRAVAUX RUE DU DOCTEUR CHAMP FERMÉE":            "Travaux rue du Docteur Champ fermée",
		"TRAVAUX RUE VICTOR HUGO":                        "Travaux rue Victor Hugo",
		"ROUTE BARREE RD 936":                            "Route barrée RD 936",
		"NOUVEAU PROGRAMME \"AMBASSADEURS DES METIERS\"": "Nouveau programme \"Ambassadeurs des métiers\"",
		"FERMETURE DE LA PLACE DU MARCHÉ":                "Fermeture de la place du Marché",
		"CONSEIL MUNICIPAL DU 12 DECEMBRE":               "Conseil municipal du 12 décembre",
		"COUPURE D'ELECTRICITE : ENEDIS INTERVIENT":      "Coupure d'électricité : ENEDIS intervient",
		"L'ECOLE JULES FERRY EST FERMEE":                 "L'école Jules Ferry est fermée",
		"REUNION PUBLIQUE. VENEZ NOMBREUX":               "Réunion publique. Venez nombreux",
		"MEDELJAZZ QUARTET":                              "Medeljazz quartet",
		"RADIOHEAD LIVE BBC":                             "RADIOHEAD LIVE BBC",
		"NE PAS CONSOMMER L’EAU DU ROBINET":              "Ne pas consommer l’eau du robinet",
		"SNCF":                                           "SNCF",
		"TRANSPORTS SCOLAIRES SUSPENDUS":                 "Transports scolaires suspendus",
		"Travaux RUE PASTEUR en juin":                    "Travaux RUE PASTEUR en juin",
		"LES VŒUX DU MAIRE AU CCAS":                      "Les vœux du maire au CCAS",
		"SEVERE THUNDERSTORM WARNING":                    "SEVERE THUNDERSTORM WARNING",
		"":                                               "",
	} {
		if got := rewrite.Calm(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
