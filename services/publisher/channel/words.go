package channel

import (
	"slices"
	"strings"

	"github.com/crieur/crieur/events"
)

// Words are what we write around a text.
type Words struct {
	Cancelled, Reason   string
	Correction, Updated string
	Over                []string // how titles begin that say the end of something
	Alert               string   // of a card
	Exercise, Test      string
	Colon               string // with its space
	Check, CheckShort   string // of the link to the publication's page
	Because             string // why a subscriber gets it; the authority's name follows
	Leave, LeaveNow     string // of the link that ends it
	Image, Source       string
	Valid               string // before a moment
	Listen              string // of the link to the audio
}

// wording is the language in which we write around a text in another: its own
// where we have the words, French for France's other regional languages, whose
// readers read it, and English for the rest.
func wording(language string) string {
	switch primary := events.PrimaryLanguage(language); {
	case slices.Contains([]string{"fr", "ar", "ca", "de", "en", "es", "it", "pt"}, primary):
		return primary
	case slices.Contains([]string{"br", "co", "eu", "frp", "gcf", "gcr", "gsw", "oc", "rcf", "vls"}, primary):
		return "fr"
	}
	return "en"
}

// Lead puts a mark before a text, which may have a colon of its own.
func (w Words) Lead(mark, text string) string {
	if strings.Contains(text, ": ") {
		return mark + " – " + text
	}
	return mark + w.Colon + text
}

// WordsIn are those around a text in a language.
func WordsIn(language string) Words {
	switch wording(language) {
	case "fr":
		return Words{
			Cancelled: "Message retiré", Reason: "Motif", Correction: "Rectificatif", Updated: "Mise à jour",
			Over: []string{"fin", "levée", "retour"}, Alert: "ALERTE", Exercise: "EXERCICE", Test: "TEST", Colon: " : ",
			Check: "Vérifier ce message et en savoir plus", CheckShort: "Vérifier ce message",
			Because: "Vous recevez ce message parce que vous suivez les informations publiées par",
			Leave:   "Se désabonner", LeaveNow: "Se désabonner en un geste",
			Image: "Image", Source: "Source", Valid: "Valable jusqu’au", Listen: "Écouter ce message",
		}
	case "pt":
		return Words{
			Cancelled: "Mensagem anulada", Reason: "Motivo", Correction: "Retificação", Updated: "Atualização",
			Over: []string{"fim", "levantamento", "regresso"}, Alert: "ALERTA", Exercise: "EXERCÍCIO", Test: "TESTE", Colon: ": ",
			Check: "Verificar esta mensagem e saber mais", CheckShort: "Verificar esta mensagem",
			Because: "Recebe esta mensagem porque subscreveu as informações de",
			Leave:   "Cancelar a subscrição", LeaveNow: "Cancelar a subscrição num só passo",
			Image: "Imagem", Source: "Fonte", Valid: "Válido até", Listen: "Ouvir esta mensagem",
		}
	case "es":
		return Words{
			Cancelled: "Mensaje retirado", Reason: "Motivo", Correction: "Rectificación", Updated: "Actualización",
			Over: []string{"fin", "levantamiento", "regreso"}, Alert: "ALERTA", Exercise: "SIMULACRO", Test: "PRUEBA", Colon: ": ",
			Check: "Comprobar este mensaje y saber más", CheckShort: "Comprobar este mensaje",
			Because: "Recibe este mensaje porque está suscrito a las informaciones de",
			Leave:   "Darse de baja", LeaveNow: "Darse de baja en un solo paso",
			Image: "Imagen", Source: "Fuente", Valid: "Válido hasta el", Listen: "Escuchar este mensaje",
		}
	case "ca":
		return Words{
			Cancelled: "Missatge retirat", Reason: "Motiu", Correction: "Rectificació", Updated: "Actualització",
			Over: []string{"fi", "final", "retorn"}, Alert: "ALERTA", Exercise: "SIMULACRE", Test: "PROVA", Colon: ": ",
			Check: "Comprovar aquest missatge i saber-ne més", CheckShort: "Comprovar aquest missatge",
			Because: "Rebeu aquest missatge perquè esteu subscrit a les informacions de",
			Leave:   "Donar-se de baixa", LeaveNow: "Donar-se de baixa en un sol pas",
			Image: "Imatge", Source: "Font", Valid: "Vàlid fins a", Listen: "Escoltar aquest missatge",
		}
	case "it":
		return Words{
			Cancelled: "Messaggio ritirato", Reason: "Motivo", Correction: "Rettifica", Updated: "Aggiornamento",
			Over: []string{"fine", "revoca", "ritorno"}, Alert: "ALLERTA", Exercise: "ESERCITAZIONE", Test: "PROVA", Colon: ": ",
			Check: "Verificare questo messaggio e saperne di più", CheckShort: "Verificare questo messaggio",
			Because: "Riceve questo messaggio perché è iscritto alle informazioni di",
			Leave:   "Annullare l’iscrizione", LeaveNow: "Annullare l’iscrizione in un solo passo",
			Image: "Immagine", Source: "Fonte", Valid: "Valido fino a", Listen: "Ascoltare questo messaggio",
		}
	case "de":
		return Words{
			Cancelled: "Meldung zurückgezogen", Reason: "Grund", Correction: "Berichtigung", Updated: "Aktualisierung",
			Over: []string{"ende", "entwarnung", "aufhebung"}, Alert: "WARNUNG", Exercise: "ÜBUNG", Test: "TEST", Colon: ": ",
			Check: "Diese Meldung prüfen und mehr erfahren", CheckShort: "Diese Meldung prüfen",
			Because: "Sie erhalten diese Meldung mit Ihrem Abonnement der Mitteilungen von",
			Leave:   "Abbestellen", LeaveNow: "In einem Schritt abbestellen",
			Image: "Bild", Source: "Quelle", Valid: "Gültig bis", Listen: "Diese Meldung anhören",
		}
	case "ar":
		return Words{
			Cancelled: "رسالة مسحوبة", Reason: "السبب", Correction: "تصحيح", Updated: "تحديث",
			Over: []string{"نهاية", "انتهاء", "رفع"}, Alert: "إنذار", Exercise: "تمرين", Test: "اختبار", Colon: ": ",
			Check: "التحقق من هذه الرسالة ومعرفة المزيد", CheckShort: "التحقق من هذه الرسالة",
			Because: "تصلكم هذه الرسالة لأنكم مشتركون في أخبار",
			Leave:   "إلغاء الاشتراك", LeaveNow: "إلغاء الاشتراك بخطوة واحدة",
			Image: "صورة", Source: "المصدر", Valid: "صالحة حتى", Listen: "الاستماع إلى هذه الرسالة",
		}
	}
	return Words{
		Cancelled: "Message withdrawn", Reason: "Reason", Correction: "Correction", Updated: "Update",
		Over: []string{"end"}, Alert: "ALERT", Exercise: "EXERCISE", Test: "TEST", Colon: ": ",
		Check: "Check this message and learn more", CheckShort: "Check this message",
		Because: "You receive this message because you subscribed to news from",
		Leave:   "Unsubscribe", LeaveNow: "Unsubscribe in one step",
		Image: "Image", Source: "Source", Valid: "Valid until", Listen: "Listen to this message",
	}
}
