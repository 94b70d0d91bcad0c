package menus

import (
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/crieur/crieur/services/ingest/source"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte("menuRestaurantNom,menuDate,menuPlatType,menuPlatNom,menuPlatAllergene\nJules-Ferry,2026-09-01,dessert,Yaourt,lait|soja\n"))
	f.Add([]byte("MENU_DATE;MENU_PLAT_NOM\n01/09/26;\xe9t\xe9\n"))
	src, err := New(source.Deps{}, source.Spec{URL: "https://mairie.example/m.csv"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		records, err := src.parse(body, "", time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC))
		if err != nil {
			return
		}
		for _, r := range records {
			if text, err := json.Marshal(r.Value); err != nil || !utf8.Valid(text) || !utf8.ValidString(r.Item) {
				t.Errorf("%q, %v", text, err)
			}
		}
	})
}
