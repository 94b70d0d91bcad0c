package web

import (
	"math"
	"net/http"
	"net/url"
	"time"
)

// Style answers with the style guide: every component with sample content, for the eye and for tests.
// The console mounts it at /console/style. ?form=wrong shows the form refused.
func (re *Renderer) Style(w http.ResponseWriter, r *http.Request) {
	page := styleChrome(re.Base(r))
	status := http.StatusOK
	page.Form = NewForm(url.Values{})
	if r.URL.Query().Get("form") == "wrong" {
		status = http.StatusUnprocessableEntity
		page.Form = NewForm(url.Values{"email": {"jeanne@"}, "channel": {"sms"}})
		page.Form.Reject("email", "Saisissez une adresse complète, comme prenom@exemple.fr")
		page.Form.Reject("topics", "Choisissez au moins une rubrique")
	}
	now := re.options.Now()
	page.Data = map[string]any{
		"Badges": Badges(), "Icons": Icons(), "Tabs": styleTabs(), "Cards": styleCards(now), "Queue": styleTable(now),
		"Actions": styleActions(), "Notices": styleNotices(), "Steps": Steps{Labels: []string{"Commune", "Rubriques", "Canal", "Code", "Résumé"}, Current: 3},
		"Pagination": Pagination{Page: 4, Pages: 12, Base: "/console/style"}, "Stats": styleStats(now), "Charts": styleCharts(),
		"Empty": EmptyState{
			Icon: "check", Title: "Rien à traiter", Text: "Les sources sont à jour. La prochaine collecte a lieu dans quatre minutes.",
			Actions: []Action{{Label: "Écrire une information", Href: "#", Icon: "plus", Kind: Primary}},
		},
		"Details": Details{Summary: "Pourquoi ai-je reçu ce message ?", Body: "Vous suivez la rubrique Voirie à Saint-Aubin depuis le 3 mars 2026."},
		"Summary": styleSummary(now), "Timeline": styleTimeline(now),
		"Topics": []Choice{
			{Value: "voirie", Label: "Voirie et circulation", Hint: "Travaux, déviations, stationnement. Environ deux messages par semaine.", Checked: true},
			{Value: "ecoles", Label: "Écoles et périscolaire"},
			{Value: "dechets", Label: "Collecte des déchets"},
		},
		"Channels": []Choice{{Value: "feed", Label: "Flux, sans donner d’adresse", Checked: true}, {Value: "email", Label: "Courriel"}, {Value: "sms", Label: "SMS", Hint: "Un numéro de mobile est nécessaire."}},
		"Areas":    []Choice{{Value: "", Label: "Toute la commune"}, {Value: "bourg", Label: "Le Bourg"}, {Value: "marais", Label: "Le Marais"}},
	}
	re.Render(w, r, status, "style", page)
}

func styleChrome(page Page) Page {
	page.Title, page.Lede = "Guide de style", "Chaque composant des pages de Crieur, avec un contenu d’exemple."
	if page.Nav == nil {
		page.Nav = []Link{
			{Label: "À traiter", Href: "#", Icon: "inbox", Count: 14, Current: true},
			{Label: "Calendrier", Href: "#", Icon: "calendar"},
			{Label: "Flux", Href: "#", Icon: "rss"},
			{Label: "Sources", Href: "#", Icon: "merge", Count: 1},
			{Label: "Mesure", Href: "#", Icon: "chart"},
		}
	}
	page.Breadcrumb = []Link{{Label: "Accueil", Href: "#"}, {Label: "Console", Href: "#"}}
	return page
}

func styleTabs() Tabs {
	return Tabs{Label: "États", Items: []Link{
		{Label: "À valider", Href: "#", Count: 9, Current: true}, {Label: "Programmées", Href: "#", Count: 3}, {Label: "Diffusées", Href: "#"}, {Label: "Rejetées", Href: "#"},
	}}
}

func styleCards(now time.Time) []Card {
	return []Card{
		{
			Title: "Vigilance orange : crue de la Dordogne entre Libourne et Saint-Aubin", Href: "#", Badges: []Badge{"alert", "severe"}, Tone: "alert",
			Source: "Vigicrues", When: now.Add(-4 * time.Minute), Summary: "Débordements attendus à partir de 18 h sur les quais et la route des Palus. Ne vous engagez pas sur une voie inondée.",
			Facts: []string{"3 sources réunies"}, Actions: []Action{{Label: "Relayer maintenant", Href: "#", Icon: "megaphone", Kind: Primary}, {Label: "Voir les sources", Href: "#", Kind: Quiet}},
		},
		{
			Title: "Rue des Écluses fermée à la circulation", Href: "#", Badges: []Badge{"pending_review", "service"}, Source: "Direction de la voirie", When: now.Add(-26 * time.Hour),
			Summary: "Réfection de la chaussée du 24 au 27 novembre. Déviation par l’avenue de la Gare ; accès riverains maintenu.",
			Facts:   []string{"Le Bourg"}, Actions: []Action{{Label: "Relire", Href: "#", Kind: Secondary}},
		},
		{
			Title: "Marché de Noël : appel aux exposants", Href: "#", Badges: []Badge{"scheduled", "promotional"}, Source: "Agenda culturel", When: now.Add(50 * time.Hour),
			Summary: "Les inscriptions ouvrent le 1er décembre à la mairie et en ligne.", Facts: []string{"4 canaux"},
		},
	}
}

func styleTable(now time.Time) Table {
	return Table{
		Caption: "Dernières diffusions",
		Columns: []Column{{Label: "Information", Href: "#"}, {Label: "État"}, {Label: "Canal"}, {Label: "Destinataires", Numeric: true, Href: "#", Sorted: "descending"}, {Label: "Quand"}},
		Rows: [][]any{
			{Link{Label: "Coupure d’eau rue du Port", Href: "#"}, Badge("published"), "SMS, panneaux", 12840, now.Add(-35 * time.Minute)},
			{Link{Label: "Collecte décalée au samedi", Href: "#"}, Badge("scheduled"), "Courriel, flux", 3021, now.Add(3 * time.Hour)},
			{Link{Label: "Enquête publique : plan local d’urbanisme", Href: "#"}, Badge("expired"), "Flux", 918, now.Add(-9 * 24 * time.Hour)},
			{Link{Label: "Fête du fleuve", Href: "#"}, Badge("rejected"), "Réseaux sociaux", nil, now.Add(-2 * 24 * time.Hour)},
		},
	}
}

func styleActions() []Action {
	return []Action{
		{Label: "Valider et programmer", Href: "#", Icon: "check", Kind: Primary},
		{Label: "Corriger", Href: "#", Icon: "edit"},
		{Label: "Annuler la diffusion", Post: "/console/style", Icon: "cross", Kind: Dangerous, Confirm: "La publication sera retirée des panneaux, du site et des réseaux. Les 12 840 personnes déjà prévenues recevront un rectificatif."},
		{Label: "Ignorer", Href: "#", Kind: Quiet},
	}
}

func styleNotices() []Notice {
	return []Notice{
		{Tone: Info, Title: "Période préélectorale", Text: "Les informations de promotion demandent une seconde relecture jusqu’au 22 mars 2026."},
		{Tone: Success, Text: "C’est noté. La diffusion commencera lundi à 9 h."},
		{Tone: Warning, Title: "Source silencieuse depuis 26 h", Text: "L’agenda culturel publie d’ordinaire chaque jour.", Actions: []Action{{Label: "Vérifier la source", Href: "#"}}},
		{Tone: Danger, Title: "Trois panneaux ne répondent plus", Text: "Place du Marché, gare, collège."},
	}
}

func styleStats(now time.Time) []Stat {
	weeks := []float64{62, 64, 61, 70, 74, 73, 79, 81, 80, 86}
	return []Stat{
		{
			Label: "Habitants informés par au moins un canal", Value: 86.4, Unit: "%", Change: "6 points de plus que le mois dernier", RefreshedAt: now.Add(-2 * time.Minute), CSV: "#",
			Definition: "Part des personnes visées qui ont reçu au moins un message confirmé.", Formula: "abonnés avec accusé de remise ÷ abonnés visés",
			Trend: &Chart{ID: "spark-reach", Kind: Sparkline, Title: "Habitants informés", Description: "De 62 % à 86 % en dix semaines.", Labels: make([]string, 10), Series: []Series{{Name: "part", Values: weeks}}},
		},
		{
			Label: "Temps médian pour informer", Value: 3.8, Unit: "minutes", Change: "de la source au premier accusé", RefreshedAt: now.Add(-2 * time.Minute), CSV: "#",
			Definition: "La moitié des messages ont mis moins que ce temps.", Formula: "médiane(accusé − événement source)",
		},
		{Label: "Coût par habitant informé", Value: 0.04, Unit: "€", RefreshedAt: now.Add(-1 * time.Hour), CSV: "#", Definition: "Coût des canaux divisé par le nombre de personnes distinctes informées."},
		{Label: "Désabonnements après un message, quartier du Marais", Suppressed: true, RefreshedAt: now.Add(-1 * time.Hour), Definition: "Départs dans les 24 heures."},
	}
}

func styleCharts() []Chart {
	return []Chart{
		{
			ID: "bars", Kind: Bars, Title: "Personnes informées par canal", Unit: "personnes, novembre 2026", LabelHeader: "Canal",
			Description: "Les SMS touchent le plus de monde, 12 840 personnes, devant le courriel et la notification du navigateur.",
			Labels:      []string{"SMS", "Courriel", "Notification du navigateur", "Flux et calendriers", "Borne du centre social"},
			Series:      []Series{{Name: "Personnes", Values: []float64{12840, 9210, 4105, 1730, math.NaN()}}}, CSV: "#",
		},
		{
			ID: "time", Kind: Histogram, Title: "Temps pour informer", Unit: "messages", LabelHeader: "Minutes",
			Description: "Un message sur deux est reçu en moins de quatre minutes ; neuf sur dix en moins de neuf minutes.",
			Labels:      []string{"0–1", "1–2", "2–3", "3–4", "4–5", "5–6", "6–7", "7–8", "8–9", "9–10", "10–11", "11+"},
			Series:      []Series{{Name: "Messages", Values: []float64{38, 121, 164, 142, 96, 71, 44, 30, 19, 12, 7, 9}}}, Mark: &Mark{"médiane", 3.8}, CSV: "#",
		},
		{
			ID: "weeks", Kind: Line, Title: "Alertes et informations de service", Unit: "part reçue, %", LabelHeader: "Semaine",
			Description: "Les alertes sont reçues par plus de 95 % des personnes chaque semaine ; les informations de service montent de 62 à 86 %. Aucune alerte la semaine 43.",
			Labels:      []string{"S37", "S38", "S39", "S40", "S41", "S42", "S43", "S44", "S45", "S46", "S47"},
			Series: []Series{
				{Name: "Alertes", Values: []float64{97, 98, 96, 97, 99, 98, math.NaN(), 98, 99, 97, 99}},
				{Name: "Service", Values: []float64{62, 64, 61, 70, 74, 73, 76, 79, 81, 80, 86}},
			}, Mark: &Mark{"objectif 90 %", 90}, CSV: "#",
		},
	}
}

func styleSummary(now time.Time) Summary {
	change := Action{Label: "Modifier", Href: "#"}
	return Summary{Rows: []SummaryRow{
		{"Commune", "Saint-Aubin-des-Marais", change},
		{"Rubriques", "Voirie, écoles, alertes", change},
		{"Canal", Badge("accepted"), change},
		{"Inscription", now.Add(-20 * 24 * time.Hour), Action{}},
	}}
}

func styleTimeline(now time.Time) Timeline {
	return Timeline{Entries: []TimelineEntry{
		{When: now.Add(-50 * time.Minute), Who: "Préfecture de la Gironde", What: "Publié par la source", Icon: "rss", Tone: Info},
		{When: now.Add(-48 * time.Minute), Who: "Crieur", What: "Réuni avec deux autres sources", Detail: "Vigicrues et le site de la ville annoncent le même événement.", Icon: "merge"},
		{When: now.Add(-41 * time.Minute), Who: "Camille Dupuy", What: "Validé", Icon: "check", Tone: Success},
	}}
}
