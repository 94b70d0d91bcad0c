// Package crisis is the ready models of alerts: what to write when nobody has
// time to write. In: models.json, and an authority's own models, which replace
// those of the same identifier. Out: the blanks that are left to an officer, and
// the texts with what was put in them.
//
// A blank is what stands between braces: "Inondation : {rues ou quartiers}". The
// words are its label, and the same words are the same blank. The instructions
// follow those of georisques.gouv.fr and of gouvernement.fr/risques.
package crisis
