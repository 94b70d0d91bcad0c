package sms

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/call"
)

// Stop is what audience is told of somebody who said stop, whoever carried it.
func Stop(authority, from string, at time.Time) call.OptOutRequest {
	return call.OptOutRequest{
		Authority: authority, Kind: Kind, Address: call.Address(dialled(from)), Reason: events.ReasonOptedOut, Evidence: "STOP by SMS", At: at,
	}
}

// nationalDigits are those of a French number without its 0.
const nationalDigits = 9

// dialled is a sender's number as somebody would dial it. Providers leave out
// the + of the international form, or give the national one; a query turns + into
// a space.
func dialled(from string) string {
	from = strings.TrimSpace(from)
	switch {
	case from == "", from[0] == '+', from[0] == '0':
		return from
	case len(from) == nationalDigits:
		return "0" + from
	}
	return "+" + from
}

// IsStop reports that somebody wants no more messages: what they write begins
// with STOP, or ARRÊT or FIN of the messages and of nothing else, or says
// DÉSABONNER or DÉSINSCRIRE anywhere; in any case and form, with or without
// accents and full stops.
func IsStop(text string) bool {
	words := wordsOf(text)
	leaves := func(w string) bool {
		return strings.HasPrefix(w, "DESABO") || strings.HasPrefix(w, "DESINSCRI") || strings.HasPrefix(w, "UNSUBSCRI")
	}
	if slices.ContainsFunc(words, leaves) {
		return !slices.Contains(words, "PAS") // "ne me désabonnez pas"
	}
	for len(words) > 1 && isCourtesy(words[0]) {
		words = words[1:]
	}
	if len(words) == 0 {
		return false
	}
	switch first := words[0]; {
	case strings.HasPrefix(first, "STOP"):
		return true
	case strings.HasPrefix(first, "ARRET"), first == "FIN": // not "Arrêt de bus supprimé ?", "Fin des travaux ?"
		others := words[1:]
		return slices.ContainsFunc(others, isMessage) || !slices.ContainsFunc(others, func(w string) bool { return !isCourtesy(w) })
	}
	return false
}

// isCourtesy tells words that change nothing of what is asked.
func isCourtesy(w string) bool {
	return slices.Contains([]string{"BONJOUR", "BONSOIR", "MERCI", "OK", "SVP", "S", "IL", "VOUS", "PLAIT", "TE", "TOUT", "MAINTENANT"}, w)
}

// isMessage tells words for what we send.
func isMessage(w string) bool {
	return slices.Contains([]string{
		"ABONNEMENT", "ALERTES", "ENVOI", "ENVOIS", "ENVOYER", "ENVOYEZ", "MAILS", "MESSAGE", "MESSAGES", "NOTIFICATIONS", "PUB", "PUBS", "SMS", "TEXTO", "TEXTOS",
	}, w)
}

// wordsOf are the words of a text in plain capitals; S.T.O.P is one.
func wordsOf(text string) []string {
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), strings.ToUpper(text))
	if err != nil {
		plain = strings.ToUpper(text)
	}
	words := strings.FieldsFunc(plain, func(r rune) bool { return !unicode.IsLetter(r) })
	spelt := 0
	for spelt < len(words) && len(words[spelt]) == 1 {
		spelt++
	}
	if spelt < 2 {
		return words
	}
	return append([]string{strings.Join(words[:spelt], "")}, words[spelt:]...)
}
