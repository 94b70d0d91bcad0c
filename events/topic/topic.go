package topic

// Topic is one subject area of municipal information.
type Topic struct {
	Slug    string
	French  string
	English string
}

// All returns the topics, in the order in which people are shown them.
func All() []Topic {
	return []Topic{
		{"risques", "Risques et sécurité", "Risks and safety"},
		{"meteo", "Météo", "Weather"},
		{"inondation", "Inondations et crues", "Floods"},
		{"eau", "Eau et assainissement", "Water"},
		{"energie", "Énergie", "Energy"},
		{"travaux-circulation", "Travaux et circulation", "Roadworks and traffic"},
		{"transports", "Transports", "Transport"},
		{"dechets", "Déchets et propreté", "Waste"},
		{"ecole-enfance", "École et petite enfance", "School and childhood"},
		{"sante", "Santé", "Health"},
		{"social", "Action sociale et solidarité", "Social support"},
		{"culture", "Culture", "Culture"},
		{"sport", "Sport et loisirs", "Sport"},
		{"vie-associative", "Vie associative", "Associations"},
		{"evenements", "Fêtes et événements", "Events"},
		{"marches", "Marchés et commerces", "Markets"},
		{"vie-municipale", "Vie municipale", "Council"},
		{"urbanisme", "Urbanisme et logement", "Planning"},
		{"enquetes-publiques", "Enquêtes publiques", "Public inquiries"},
		{"environnement", "Environnement et nature", "Environment"},
		{"emploi", "Emploi et formation", "Jobs"},
		{"economie", "Économie", "Economy"},
		{"numerique", "Numérique", "Digital"},
		{"etat-civil", "État civil et démarches", "Civil registry"},
		{"jeunesse", "Jeunesse", "Youth"},
		{"seniors", "Seniors", "Seniors"},
		{"elections", "Élections", "Elections"},
	}
}

// Name returns a topic's name in a language (en, or French for any other);
// the slug itself when it is not in the list.
func Name(slug, language string) string {
	for _, t := range All() {
		if t.Slug == slug {
			if language == "en" {
				return t.English
			}
			return t.French
		}
	}
	return slug
}
