package rewrite_test

import (
	"testing"

	"github.com/crieur/crieur/services/normalizer/rewrite"
)

func TestSubject(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"TR: [Diffusion-mairies] Coupure d'eau":  "Coupure d'eau",
		"Fwd: Re: Coupure d'eau":                 "Coupure d'eau",
		"TR : Coupure":                           "Coupure",
		"[URGENT] Coupure d'eau":                 "[URGENT] Coupure d'eau",
		"Re:":                                    "Re:",
		"Travaux : rue Pasteur":                  "Travaux : rue Pasteur",
		"Transport : Fwd est le nom d'une ligne": "Transport : Fwd est le nom d'une ligne",
	} {
		if got := rewrite.Subject(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestLetter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ subject, in, want string }{
		"passed on": {
			"TR: Coupure", "Pour diffusion.\nMarie\n\n-----Message d'origine-----\nDe : Régie des eaux <regie@eau.example>\nEnvoyé : lundi 23 novembre 2026 08:00\nÀ : mairie@ville.example\nObjet : Coupure\n\nL'eau sera coupée mardi de 8 h à 12 h.\n\nCordialement,\nPaul Martin\n06 12 34 56 78",
			"L'eau sera coupée mardi de 8 h à 12 h.",
		},
		"passed on by Outlook": {
			"TR: Coupure", `<div><p>&nbsp;</p><hr><p><b>De :</b> Régie &lt;regie@eau.example&gt;<br><b>Envoyé :</b> lundi 23 novembre<br><b>À :</b> mairie@ville.example<br><b>Objet :</b> Coupure</p><p>L'eau sera coupée <b>mardi</b>.</p></div>`,
			"L'eau sera coupée mardi.",
		},
		"passed on, quoted": {
			"Fwd: Coupure", "---------- Forwarded message ---------\nFrom: Régie <regie@eau.example>\nDate: Mon, Nov 23\nSubject: Coupure\nTo: <mairie@ville.example>\n\n> L'eau sera coupée mardi.\n> Merci.",
			"L'eau sera coupée mardi.\nMerci.",
		},
		"passed on, told anew": {
			"TR: Coupure", "L'eau sera coupée mardi de 8 h à 12 h, chemin du Moulin.\n\nCordialement,\n\n-- \nJean\n\nDe : Exploitation <e@eau.example>\nEnvoyé : vendredi 20 novembre 2026 17:02\nÀ : Jean\nObjet : Coupure\n\nCoupure OK pour le 24.",
			"L'eau sera coupée mardi de 8 h à 12 h, chemin du Moulin.",
		},
		"answer": {
			"Re: Coupure", "La coupure est annulée.\n\nLe lun. 23 nov. 2026 à 10:00, Régie <regie@eau.example> a écrit :\n> L'eau sera coupée mardi.",
			"La coupure est annulée.",
		},
		"signature": {
			"Coupure", "L'eau sera coupée mardi.\n\n-- \nPaul Martin\nTél. 06 12 34 56 78",
			"L'eau sera coupée mardi.",
		},
		"notices at the end": {
			"Coupure", "L'eau sera coupée mardi.\n\nCe message et ses pièces jointes sont confidentiels et réservés à leur destinataire.\n\nSe désabonner | Voir dans le navigateur",
			"L'eau sera coupée mardi.",
		},
		"a link to leave": {
			"Lettre", `<p>Le <b>marché</b> change.</p><p><a href="https://x.example/u">Se désabonner</a></p>`,
			`<p>Le <b>marché</b> change.</p><p></p>`,
		},
		"a notice with fields": {"Coupure", "Date : 25 novembre\nDe : 8 h\nÀ : 12 h\nObjet : travaux", "Date : 25 novembre\nDe : 8 h\nÀ : 12 h\nObjet : travaux"},
		"only a signature":     {"Merci", "Cordialement,\nPaul", "Cordialement,\nPaul"},
		"markup":               {"Coupure", "<p>Coupure de <b>8 h</b> à 12 h.</p>", "<p>Coupure de <b>8 h</b> à 12 h.</p>"},
	} {
		if got := rewrite.Letter(c.in, c.subject); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func FuzzLetter(f *testing.F) {
	f.Add("De : a\nDate : b\nObjet : c\n\nx\n-- \ny", "TR: x")
	f.Add("> Le lundi 3, a a écrit :\n>", "Re: x")
	f.Fuzz(func(t *testing.T, body, subject string) {
		if got := rewrite.Letter(body, subject); got != rewrite.Letter(body, subject) {
			t.Error("not the same twice")
		}
		rewrite.Subject(subject)
	})
}
