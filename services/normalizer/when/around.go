package when

import "time"

// past reports whether the words before i say that the date is that of an act
// or a publication.
func (p *parser) past(i int) bool {
	for k := 1; k <= 2; k++ {
		switch p.at(i - k).word {
		case "publie", "publiee", "poste", "redige", "arrete", "loi", "decret", "jour", "date", "depuis", "nee", "version",
			"deliberation", "modifie", "modifiee", "ordonnance", "signe", "circulaire", "directive", "envoye", "ligne":
			return true
		case "ne":
			return p.at(i-k+1).word == "le" || k == 1
		}
	}
	return false
}

// street reports whether the date at i is a street's name.
func (p *parser) street(i int) bool {
	if p.at(i).word != "du" {
		return false
	}
	switch p.at(i - 1).word {
	case "rue", "place", "avenue", "boulevard", "impasse", "square", "cours", "quai", "allee", "esplanade":
		return true
	}
	return false
}

// recalls reports whether the words before i, in its sentence, tell of what
// happened.
func (p *parser) recalls(i int) bool {
	for k := 1; k <= 5; k++ {
		switch t := p.at(i - k); t.word {
		case "survenu", "survenue", "survenus", "survenues", "detecte", "detectee", "declare", "declaree", "disparu", "disparue",
			"commence", "commencee", "debute", "constate", "constatee", "produit", "produite", "detruit", "detruite", "suite", "depuis":
			return true
		case "":
			if t.mark == '.' || t.mark == '\n' || t.mark == ';' || t.mark == '!' || t.mark == '?' {
				return false
			}
		}
	}
	return false
}

// moves steps over "reportée au", after which comes the date that holds.
func (p *parser) moves() bool {
	switch p.at(p.i).word {
	case "reporte", "reportee", "reportes", "reportees", "decale", "decalee", "decales", "decalees",
		"avance", "avancee", "avances", "avancees", "deplace", "deplacee", "repousse", "repoussee":
	default:
		return false
	}
	save := p.i
	p.i++
	if p.word("du") { // the date that was
		if _, ok := p.dayLoose(); !ok {
			p.i = save
			return false
		}
	}
	if p.word("au") || p.word("a", "le") || p.word("a") {
		return true
	}
	p.i = save
	return false
}

// aside notes what the words reached say of time without a date.
func (p *parser) aside() {
	from := p.i
	sunday := p.today().AddDate(0, 0, (7-int(p.ref.Weekday()))%7)
	var day time.Time
	switch {
	case p.word("jusqu", "a", "nouvel"), p.word("jusqu", "a", "nouvelle"), p.word("duree", "indeterminee"), p.word("sine", "die"):
		p.open = true
		return
	case p.word("semaine", "prochaine"):
		day = sunday.AddDate(0, 0, 7)
	case p.word("cette", "semaine"), p.word("week", "end"):
		day = sunday
	case p.word("cette", "nuit"):
		day = p.today().AddDate(0, 0, 1)
	default:
		name := dayName(p.at(p.i).word)
		if name < 0 {
			return
		}
		day = p.today().AddDate(0, 0, (name-int(p.ref.Weekday())+7)%7)
	}
	if end := endOf(day); end.After(p.named) && !p.recalls(from) {
		p.named = end
	}
}
