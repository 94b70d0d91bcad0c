package web_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/crieur/crieur/services/web"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func key() []byte { return []byte(strings.Repeat("k", 32)) }

func base(*http.Request) web.Page {
	return web.Page{
		Surface:   web.Console,
		Authority: web.Authority{ID: "saint-aubin", Name: "Saint-Aubin-des-Marais", Kind: "Commune", Color: "#1f3f8a"},
		Authorities: []web.Link{
			{Label: "Saint-Aubin-des-Marais", Href: "#", Current: true}, {Label: "Communauté de communes du Val de Leyre", Href: "#"},
		},
		User: &web.User{Name: "Camille Dupuy", Role: "Approbatrice", SignOut: "/console/signout"},
	}
}

func newRenderer(t *testing.T) *web.Renderer {
	t.Helper()
	re, err := web.NewRenderer(fstest.MapFS{}, web.Options{
		Site: web.Site{Name: "Crieur", Publisher: "Ville de Saint-Aubin-des-Marais", Conformity: web.PartiallyConformant, Contact: "/contact"},
		Key:  key(), Logger: discard(), Base: base,
	})
	if err != nil {
		t.Fatal(err)
	}
	return re
}
