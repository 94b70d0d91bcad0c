package language_test

import (
	"testing"

	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/normalizer/language"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ declared, text, want string }{
		{"", "Travaux", "fr"},
		{"", "", "fr"},
		{"", "The town hall will be closed on Friday for all of the residents who want to vote", "en"},
		{"", "Das Rathaus ist am Freitag für alle Bürger geschlossen, die sich nicht angemeldet haben", "de"},
		{"", "El ayuntamiento estará cerrado el viernes para todos los vecinos de la ciudad", "es"},
		{"", "Il municipio sarà chiuso venerdì per tutti i cittadini della città che non sono iscritti", "it"},
		{"", "A câmara municipal estará fechada na sexta-feira para todos os moradores da cidade", "pt"},
		{"", "Het gemeentehuis is op vrijdag gesloten voor alle inwoners van de stad die niet zijn aangemeld", "nl"},
		{"", "An ti-kêr a vo serret d'ar Gwener evit an holl ha ne vo ket digor gant an dud eus ar gêr", "br"},
		{"", "L'ajuntament estarà tancat el divendres per a tots els veïns de la ciutat amb aquesta obra", "ca"},
		{"en-US", "La mairie sera fermée le vendredi 13 mai pour tous les habitants de la commune, avec nos excuses pour la gêne.", "fr"},
		{"en", "Travaux rue Nationale", "en"},
		{"oc", "La comuna convida totes los estatjants a la fèsta", "oc"},
		{"fr", "Ar skol a vo serret d'ar Gwener evit an holl", "br"},
		{"fr", "The Voice of the Sea, en concert à la salle des fêtes", "fr"},
		{"fr-FR", "Travaux", "fr"},
		{"und", "Travaux", "fr"},
		{"not a tag at all", "Travaux", "fr"},
		{"zh-Hant", "市政廳", "zh"},
	} {
		if got := language.Of(c.declared, territory.Fold(c.text)); got != c.want {
			t.Errorf("%q, %q: %s, want %s", c.declared, c.text, got, c.want)
		}
	}
}
