package demo

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/crieur/config"
)

// The authorities of the demonstration: INSEE's codes, SIREN and population.
const (
	town    = "albi"
	commons = "albigeois"
)

func authorities() []registry.Authority {
	return []registry.Authority{
		{ID: commons, Name: "Communauté d’agglomération de l’Albigeois", Kind: registry.Intercommunity, SIREN: "248100737", Theme: registry.Theme{Colour: "#1d5b4f"}, Population: 81947},
		{ID: town, Name: "Albi", Kind: registry.Municipality, INSEE: []string{"81004"}, SIREN: "218100048", Parent: commons, Theme: registry.Theme{Colour: "#a3342b"}, Population: 51290, RelayStateAlerts: true, Legal: registry.Legal{Host: "Cette machine, pour la démonstration", DPO: "dpd@albi.example.org"}},
	}
}

// agendaUID is that of the town's agenda at OpenAgenda.
const agendaUID = "48353388"

// sources read from the local site, the agenda every ten seconds so that a
// visitor sees things come.
func sources(site string) []registry.Source {
	const often, seldom = registry.Duration(10 * time.Second), registry.Duration(5 * time.Minute)
	list := []registry.Source{
		{Authority: town, ID: "agenda", Name: "Agenda de la ville", Kind: "openagenda", URL: site, Every: often, Trust: registry.TrustOwn, ClassDefault: events.ClassPromotional, Attribution: "Ville d’Albi, OpenAgenda", Settings: object(map[string]any{"agenda": agendaUID, "slug": "albi"})},
		{Authority: town, ID: "meteoalarm", Name: "MeteoAlarm", Kind: "cap", URL: site + "/vigilance.xml", Every: often, Trust: registry.TrustState, ClassDefault: events.ClassAlert, Attribution: "Météo-France"},
		{Authority: town, ID: "vigilance", Name: "Vigilance météo", Kind: "vigilance", URL: site + "/cartevigilance/encours", Every: seldom, Trust: registry.TrustState, ClassDefault: events.ClassAlert, Attribution: "Météo-France", Settings: object(map[string]any{"texts": "", "departements": []string{tarn}})},
		{Authority: town, ID: "dialog", Name: "DiaLog, arrêtés de circulation", Kind: "datex2", URL: site + "/regulations.xml", Every: seldom, Trust: registry.TrustPartner, ClassDefault: events.ClassService, Attribution: "DiaLog", Settings: object(map[string]any{"area": map[string]any{"insee": []string{"81004"}, "radius_km": 15}})},
		{Authority: town, ID: "feries", Name: "Jours fériés", Kind: "ical", URL: site + "/jours-feries.ics", Every: seldom, Trust: registry.TrustPartner, ClassDefault: events.ClassPromotional, Attribution: "Etalab"},
		{Authority: town, ID: "voirie", Name: "Services techniques", Kind: "webhook", Trust: registry.TrustOwn, Attribution: "Ville d’Albi", Settings: object(map[string]any{"secret_file": hookSecret})},
		{Authority: commons, ID: "incubateur", Name: "Incubateur des territoires", Kind: "feed", URL: site + "/actualites.json", Every: seldom, Trust: registry.TrustPartner, ClassDefault: events.ClassPromotional, Attribution: "ANCT, Incubateur des territoires"},
	}
	for i := range list {
		list[i].Licence = "etalab-2.0"
		if list[i].Authority == town {
			list[i].Areas = []string{"81004"}
		}
	}
	return list
}

// hookSecret is the file, in the folder of secrets, of the web hook's secret.
const hookSecret = "voirie.secret"

func streams() []registry.Stream {
	return []registry.Stream{
		{Authority: town, ID: "alertes", Name: "Alertes", Description: "Météo, inondations, risques : ce qui ne peut pas attendre.", Rule: registry.Rule{Classes: []events.Class{events.ClassAlert}}, Policy: registry.Automatic, Public: true, Channels: everywhere()},
		{Authority: town, ID: "infos", Name: "Infos pratiques", Description: "Eau, travaux, circulation, collecte : la vie de tous les jours.", Rule: registry.Rule{Classes: []events.Class{events.ClassService}}, Policy: registry.Review, Public: true, Channels: everywhere()},
		{Authority: town, ID: "agenda", Name: "Sortir à Albi", Description: "Spectacles, marchés, expositions et conférences.", Rule: registry.Rule{Sources: []string{"agenda", "feries"}}, Policy: registry.Automatic, Public: true, Channels: []string{"fil"}},
		{Authority: commons, ID: "territoire", Name: "Vie du territoire", Description: "Appels à projets, emploi public et services numériques.", Rule: registry.Rule{Sources: []string{"incubateur"}}, Policy: registry.Review, Public: true, Channels: []string{"fil"}},
	}
}

// everywhere is every channel of the town.
func everywhere() []string {
	return []string{"sms", "courriel", "notifications", "panneaux", "fil", "mastodon", "equipe"}
}

func channels(cfg *config.Config, world addresses) []registry.Channel {
	secret := func(name string) string { return filepath.Join(cfg.Data, "secrets", name) }
	return []registry.Channel{
		{Authority: town, ID: "sms", Name: "SMS", Kind: "sms", Settings: object(map[string]any{"address": world.smpp, "system_id": "crieur", "password_file": secret("smpp.secret"), "sender": "ALBI", "binds": 2, "cost_micro_eur": 45000})},
		{Authority: town, ID: "courriel", Name: "Courriel", Kind: "email", Settings: object(map[string]any{"address": world.smtp, "tls": "none", "from": "infos@albi.example.org"})},
		{Authority: town, ID: "notifications", Name: "Notifications", Kind: "push", Settings: object(map[string]any{"vapid_key_file": filepath.Join(cfg.Data, "keys", "vapid.key"), "contact": "infos@albi.example.org", "services": []string{world.web}})},
		{Authority: town, ID: "panneaux", Name: "Panneaux lumineux", Kind: "sign", Settings: object(map[string]any{"mqtt": map[string]any{"url": "tcp://" + cfg.NATS.MQTT, "username": "crieur", "password_file": filepath.Join(cfg.Data, "nats.secret")}})},
		{Authority: town, ID: "fil", Name: "Fil d’actualité", Kind: "feed"},
		{Authority: commons, ID: "fil", Name: "Fil d’actualité", Kind: "feed"},
		{Authority: town, ID: "mastodon", Name: "Mastodon", Kind: "mastodon", Settings: object(map[string]any{"server": world.web, "token_file": secret("mastodon.secret")})},
		{Authority: town, ID: "equipe", Name: "Slack de l’équipe", Kind: "slack", Settings: object(map[string]any{"api_url": world.web + "/slack/", "token_file": secret("slack.secret"), "channel": "C0CRIEUR", "tell_officers": true})},
	}
}

func signs() []config.Sign {
	return []config.Sign{
		{Sign: registry.Sign{Authority: town, ID: "place-du-vigan", Name: "Place du Vigan", Place: "Place du Vigan, Albi", Channel: "panneaux", Profile: "text-8x16", Areas: []string{"81004"}}},
		{Sign: registry.Sign{Authority: town, ID: "gare", Name: "Gare d’Albi-Ville", Place: "Place Stalingrad, Albi", Channel: "panneaux", Profile: "led-128x64", Areas: []string{"81004"}}},
	}
}

func officers(password string) []config.Officer {
	all := []registry.Role{registry.OfficerRole, registry.Approver, registry.Analyst, registry.Administrator}
	return []config.Officer{
		{Officer: registry.Officer{ID: "claire", Name: "Claire Martin", Email: "claire@albi.example.org", Roles: map[string][]registry.Role{town: all, commons: all}}, PasswordFile: password},
		{Officer: registry.Officer{ID: "karim", Name: "Karim Benali", Email: "karim@albi.example.org", Roles: map[string][]registry.Role{town: {registry.OfficerRole, registry.Approver}}}, PasswordFile: password},
	}
}

// object encodes settings; maps of plain values always encode.
func object(settings map[string]any) json.RawMessage {
	body, err := json.Marshal(settings)
	if err != nil {
		panic(fmt.Sprintf("demo: settings: %v", err))
	}
	return body
}
