package area_test

import (
	"slices"
	"testing"

	"github.com/crieur/crieur/events/record"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/normalizer/area"
)

func at(lat, lon float64) record.Place { return record.Place{Lat: &lat, Lon: &lon} }

func TestResolve(t *testing.T) {
	t.Parallel()
	metropole := []string{"33063", "33039", "33281", "33550", "33004"} // Bordeaux, Bègles, Mérignac, Villenave-d'Ornon, Ambès
	for name, c := range map[string]struct {
		home  []string
		place []record.Place
		title string
		body  string
		want  []string
	}{
		"INSEE of the record":             {metropole, []record.Place{{INSEE: []string{"33167"}}}, "", "", []string{"33167"}},
		"wrong INSEE, right city":         {metropole, []record.Place{{INSEE: []string{"99999"}, City: "Bègles"}}, "", "", []string{"33039"}},
		"post code and city":              {metropole, []record.Place{{Postcode: "33140", City: "VILLENAVE D ORNON"}}, "", "", []string{"33550"}},
		"city with cedex":                 {metropole, []record.Place{{City: "Bordeaux Cedex 2"}}, "", "", []string{"33063"}},
		"city of many, by département":    {metropole, []record.Place{{City: "Saint-Denis"}}, "", "", nil},
		"coordinates":                     {metropole, []record.Place{at(44.8077, -0.5496)}, "", "", []string{"33039"}},
		"of the town's own station":       {[]string{"33063"}, []record.Place{at(44.8259, -0.5567)}, "", "", []string{"33063"}},
		"of a street near the limit":      {[]string{"75056"}, []record.Place{at(48.8396, 2.3958)}, "Travaux", "", []string{"75056"}},
		"in a commune the title names":    {metropole, []record.Place{at(44.8259, -0.5567)}, "Bègles : travaux", "", []string{"33039"}},
		"far from what the title names":   {metropole, []record.Place{at(44.857, -0.5737)}, "Un train pour Bègles", "", []string{"33063"}},
		"elsewhere":                       {[]string{"33063"}, []record.Place{at(45.755, 4.836)}, "", "", []string{"69123"}},
		"an arrondissement's own":         {[]string{"75112"}, []record.Place{at(48.8396, 2.3958)}, "", "", []string{"75112"}},
		"null coordinates":                {[]string{"33039"}, []record.Place{at(0, 0)}, "", "", []string{"33039"}},
		"GeoJSON":                         {nil, []record.Place{{GeoJSON: `{"type":"LineString","coordinates":[[-0.5496,44.8077],[-0.55,44.8]]}`}}, "", "", []string{"33039"}},
		"a name in the title":             {metropole, nil, "Bègles : collecte des déchets", "", []string{"33039"}},
		"two names in the text":           {metropole, nil, "Coupure", "Travaux sur les communes de Bègles et Villenave-d'Ornon", []string{"33039", "33550"}},
		"a name that is no place":         {metropole, nil, "", "Monsieur Ambès préside", metropole},
		"one commune, others named":       {[]string{"33039"}, nil, "Un train pour Bordeaux", "à Bordeaux", []string{"33039"}},
		"département":                     {[]string{"33"}, nil, "", "un incendie à Landiras", []string{"33225"}},
		"nothing at all":                  {nil, nil, "", "", nil},
		"a place without commune":         {[]string{"33039"}, []record.Place{{Name: "Salle Delteil"}}, "", "", []string{"33039"}},
		"Paris by arrondissement":         {nil, []record.Place{{City: "Paris 12e"}}, "", "", []string{"75056"}},
		"post code in the address":        {nil, []record.Place{{Address: "2 rue X, 33130 Bègles"}}, "", "", []string{"33039"}},
		"post code of the home in a text": {metropole, nil, "", "rendez-vous au 3 rue Y 33130", []string{"33039"}},
	} {
		got := area.NewHome(c.home).Resolve(c.place, territory.Fold(c.title), territory.Fold(c.body))
		var codes []string
		for _, a := range got {
			codes = append(codes, a.INSEE...)
		}
		if name == "city of many, by département" {
			if len(codes) == 0 { // the home's, or the largest of that name: never nothing
				t.Errorf("%s: nothing", name)
			}
			continue
		}
		if !slices.Equal(codes, c.want) {
			t.Errorf("%s: %v, want %v", name, codes, c.want)
		}
	}
}

func TestStreet(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Travaux rue Nationale du 3 au 5 mai":                     "rue Nationale",
		"La circulation sera interdite avenue de la République.":  "avenue de la République",
		"au 12 bis, boulevard Jean-Jacques Bosc à Bègles":         "12 bis, boulevard Jean-Jacques Bosc",
		"Rendez-vous place du marché":                             "place du marché",
		"rue du 8 Mai 1945, fermée":                               "rue du 8 Mai 1945",
		"Chemin de l’Église et route de Toulouse":                 "Chemin de l’Église",
		"La rue est barrée":                                       "",
		"en cours de travaux":                                     "",
		"une place pour tous":                                     "",
		"au détour d’une allée et peut-être":                      "",
		"Route barrée":                                            "",
		"À la place d’un arbre, un banc":                          "",
		"place d'une personne":                                    "",
		"en route 2 bus passent":                                  "",
		"cours 3 fois par semaine":                                "",
		"Coupure rue A. Briand, le 3":                             "rue A. Briand",
		"Travaux rue J.-J. Rousseau":                              "rue J.-J. Rousseau",
		"Travaux en zone A. Rue barrée":                           "",
		"Passage du jury le 18 décembre":                          "",
		"Grippe aviaire : passage au risque élevé":                "",
		"Montée des eaux passage du Commerce":                     "passage du Commerce",
		"":                                                        "",
		"Météo-France place la Gironde en vigilance jaune orages": "",
		"Le préfet place la commune en niveau de crise":           "",
		"Suivre la déviation par le boulevard Albert 1er. La rue Foch est barrée": "rue Foch",
		"La RD 1010 est fermée. Déviation par la rue de Bègles et la rue Foch":    "",
		"Fermé : emprunter l'avenue Thiers":                                       "",
		"Travaux boulevard Albert 1er, déviation rue Foch":                        "boulevard Albert 1er",
		"Travaux rue Nationale 1er décembre":                                      "rue Nationale",
		"Déviation des bus rue Foch":                                              "rue Foch",
		"quai de Queyries fermé":                                                  "quai de Queyries",
		"Fermeture de la rue Victor Hugo entre la place et la mairie":             "rue Victor Hugo",
	} {
		if got := area.Street(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
