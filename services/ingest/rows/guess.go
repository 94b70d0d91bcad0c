package rows

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/crieur/crieur/events/territory"
)

// known are the names that French open data gives its columns, the best first,
// folded: lower case, without accents, words joined by _.
func known() []struct {
	key   string
	names []string
} {
	return []struct {
		key   string
		names []string
	}{
		{"item", []string{"uid", "id", "identifiant", "gid", "guid", "ident", "recordid", "fid", "objectid", "feature_id", "reference", "ref", "numero_arrete"}},
		{"title", []string{"title_fr", "titre_fr", "title", "titre", "nom_fr", "intitule", "objet", "nom", "name", "libelle", "headline", "label", "denomination", "nom_de_la_manifestation", "nom_evenement", "designation", "appellation", "manifestation", "evenement", "nom_de_l_evenement", "animation", "activite", "spectacle", "chantier", "nature_des_travaux", "nature_travaux", "naturetravaux", "type_de_travaux", "travaux", "type_collecte", "type_de_collecte", "collecte"}},
		{"summary", []string{"description_fr", "lead_text", "chapo", "chapeau", "resume", "description", "descriptif", "summary", "soustitre", "detail", "details", "commentaire", "observation", "observations", "message", "texte", "motif", "impact_circulation_detail", "horaires_periode"}},
		{"body", []string{"longdescription_fr", "free_text", "contenu", "texte_complet", "body", "content", "longdescription", "description_longue"}},
		{"link", []string{"canonicalurl", "url", "link", "lien", "lien_url", "url_fiche", "site_web", "site_internet", "siteweb", "lien_internet", "url_site", "website"}},
		{"language", []string{"lang", "langue", "language"}},
		{"categories", []string{"keywords_fr", "tags", "thematique", "theme", "themes", "categorie", "categories", "category", "type", "type_evenement", "nature", "rubrique", "mots_cles", "qfap_tags"}},
		{"published", []string{"date_publication", "datepublication", "published", "date_created", "date_creation", "createdat", "created_at", "created", "date_mise_en_ligne"}},
		{"updated", []string{"updatedat", "updated_at", "date_modification", "date_maj", "date_mise_a_jour", "last_update", "lastupdate", "maj", "modified", "changed", "date_modif", "datemaj"}},
		{"starts", []string{"firstdate_begin", "date_start", "date_debut", "datedebut", "date_de_debut", "debut", "start_date", "startdate", "date_debut_travaux", "debutchantier", "date_deb", "starts", "start", "date_evenement", "date_de_l_evenement", "date_de_la_manifestation", "date_collecte", "date_de_collecte", "date", "dates", "periode", "quand", "jour"}},
		{"ends", []string{"lastdate_end", "date_end", "date_fin", "datefin", "date_de_fin", "fin", "end_date", "enddate", "date_fin_travaux", "finchantier", "ends", "end"}},
		{"start_time", []string{"heure_debut", "heure_de_debut", "heuredebut", "start_time", "heure", "horaire", "horaires", "heures"}},
		{"end_time", []string{"heure_fin", "heure_de_fin", "heurefin", "end_time"}},
		{"timings", []string{"timings", "timetable", "occurrences", "horaires_detailles_iso"}},
		{"place", []string{"location_name", "placename", "address_name", "lieu", "nom_lieu", "lieu_nom", "localisation", "localisation_emprise", "localisation_travaux", "nom_du_lieu", "venue_venue", "emplacement", "etablissement"}},
		{"address", []string{"location_address", "address_street", "adresse", "address", "adresse_complete", "adr", "voie", "rue", "nom_voie", "lib_voie", "venue_address"}},
		{"city", []string{"location_city", "address_city", "commune", "nom_commune", "ville", "city", "nom_de_la_commune", "libelle_commune", "com_nom", "venue_city"}},
		{"postcode", []string{"location_postalcode", "address_zipcode", "code_postal", "codepostal", "cp", "cp_arrondissement", "postcode", "postal_code", "zipcode", "venue_zip"}},
		{"insee", []string{"location_insee", "code_insee", "insee", "codeinsee", "code_commune", "insee_com", "com_insee", "depcom", "code_insee_commune"}},
		{"latitude", []string{"location_latitude", "venue_geo_lat", "latitude", "lat", "y_wgs84", "coord_lat", "coordonnee_y", "coord_y", "y_l93", "y_lambert93", "lambert_y", "y_cc46", "y"}},
		{"longitude", []string{"location_longitude", "venue_geo_lng", "longitude", "lon", "lng", "long", "x_wgs84", "coord_lon", "coordonnee_x", "coord_x", "x_l93", "x_lambert93", "lambert_x", "x_cc46", "x"}},
		{"point", []string{"location_coordinates", "latlon", "lat_lon", "geo_point_2d", "geo_point", "geopoint", "coordonnees_geo", "coordonnees", "geolocalisation", "geom_x_y", "xy"}},
		{"geometry", []string{"geometry", "geo_shape", "the_geom", "geom", "geojson", "geometrie", "wkt", "geom_wkt", "the_geom_wkt"}},
		{"image", []string{"originalimage", "image", "cover_url", "photo", "image_url", "url_image", "visuel", "illustration", "thumbnail"}},
		{"status", []string{"statut", "status", "etat", "etat_chantier", "avancement"}},
		{"document", []string{"pdf", "document", "url_pdf", "lien_pdf", "piece_jointe", "arrete_pdf"}},
	}
}

// details are columns that say together, when no other does, what roadworks change;
// the first are also a title where nothing is.
func details() []string {
	return []string{"ligne1", "nature", "type", "ligne2", "ligne3", "ligne4", "typeperturbation", "type_perturbation", "impact_circulation", "precisionlocalisation", "precision_localisation", "mesurespolice"}
}

// titles is how many of details may be one.
const titles = 3

// Guess reads from the names of a data set's columns what a mapping would say.
// A column named by nothing known is left out; the columns are looked for in the
// first hundred rows, since empty ones are often not written. The parts of an object
// are columns too, by both names: venue_city is venue.city.
func Guess(list []map[string]any) Mapping {
	columns := map[string]string{} // folded → as written
	see := func(folded, path string) {
		if columns[folded] == "" {
			columns[folded] = path
		}
	}
	for _, row := range list[:min(len(list), 100)] {
		for _, name := range slices.Sorted(maps.Keys(row)) {
			see(fold(name), name)
			inner, _ := row[name].(map[string]any)
			for _, part := range slices.Sorted(maps.Keys(inner)) {
				see(fold(name)+"_"+fold(part), name+"."+part)
			}
		}
	}
	var m Mapping
	parts := m.parts()
	for _, k := range known() {
		var found []string
		for _, name := range k.names {
			if column := columns[name]; column != "" {
				found = append(found, column)
			}
		}
		*parts[k.key] = strings.Join(found[:min(len(found), 4)], " | ")
	}
	// An identifier is one column or none: a second would mix two numberings.
	for _, part := range []*string{&m.Item, &m.Starts, &m.Ends} {
		*part, _, _ = strings.Cut(*part, " | ")
	}
	var said []string // columns of details
	for i, name := range details() {
		column := columns[name]
		if column == "" || m.Title != "" && i < titles {
			continue
		}
		said = append(said, column)
	}
	if m.Title == "" {
		m.Title = cmp.Or(m.PlaceName, m.Address)
	}
	if m.Title == "" && len(said) > 0 {
		m.Title, said = strings.Join(said[:min(len(said), titles)], " | "), said[1:]
	}
	if m.Body == "" && len(said) > 0 {
		if m.Summary != "" {
			said = append([]string{m.Summary}, said...)
		}
		m.Body = "{" + strings.Join(said, "}\n{") + "}"
	}
	return m
}

// usual is the set of all names of known but letters alone, which are also ticks.
func usual() map[string]bool {
	set := map[string]bool{}
	for _, k := range known() {
		for _, name := range k.names {
			set[name] = len(name) > 1
		}
	}
	return set
}

func fold(name string) string {
	return strings.ReplaceAll(territory.Fold(name), " ", "_")
}
