// Package web is what the surfaces of Crieur share (the residents' portal, the officers' console, the impact
// dashboards, the kiosk): page layout, components, colours of an authority, texts in French and English, sessions,
// protection of a listener, and event streams.
//
// Pages are made on the server and need no script to be read or used: links and plain POST forms do everything, htmx
// only saves a reload. Nothing is inline, so that [ContentSecurityPolicy] can forbid it: no style attribute, no
// onclick, no <style>, no hx-on. Accessibility follows RGAA 4.1 (WCAG 2.2 AA) in every component.
//
// A service embeds templates/queue.html and i18n/fr.json, en.json, then:
//
//	re, err := web.NewRenderer(templates, web.Options{
//		Surface: web.Console, Site: site, Key: key, Catalogues: phrases, Logger: log,
//		Base: func(r *http.Request) web.Page { return web.Page{Authority: authority, Nav: nav, User: user(r)} },
//	})
//	sessions, err := web.NewSessions(web.NewKVSessions(bucket), web.SessionOptions{Cookie: "crieur_console", Path: "/console"})
//	mux.HandleFunc("GET /console", func(w http.ResponseWriter, r *http.Request) {
//		if _, err := sessions.Get(r); errors.Is(err, web.ErrNoSession) {
//			web.SeeOther(w, r, "/console/signin")
//			return
//		}
//		page := re.Base(r)
//		page.Title, page.Form, page.Data = re.Translator(r).T("queue.title"), web.NewForm(nil), queue
//		re.Render(w, r, http.StatusOK, "queue#list", page) // htmx gets {{define "list"}} alone, others the page
//	})
//	mux.HandleFunc("GET /console/live", func(w http.ResponseWriter, r *http.Request) {
//		_ = web.Events(w, r, func(ctx context.Context, s *web.EventStream) error { … s.Send(web.Event{Name: "queue", Data: html}) … })
//	})
//	re.Mount(mux)                                                           // once a listener: assets, /accessibilite, /mentions, 404
//	handler, err := web.Protect(mux, web.Protection{Logger: log, Errors: re}) // once a listener
//
// templates/queue.html is the content between <main> and </main>, after the title that the layout draws:
//
//	{{block "list" .}}<div id="list" class="grid">{{range .Data.Cards}}{{show .}}{{end}}</div>{{end}}
//	<form method="post">{{field .Form "email" (T "queue.email") "type" "email"}}<button class="button primary">{{T "queue.send"}}</button></form>
//
// Template functions: T, show (any component: [Card], [Table], [Stat], [Chart], [Tabs], [Steps], [Pagination],
// [EmptyState], [Notice], [Details], [Summary], [Timeline], [Action], [Link], [Badge]), badge "scheduled", field, errors,
// icon "bell" (see [Icons]), asset "file.css", number, percent, euros (millionths), date, shortdate, clock, datetime, ago,
// duration. [Renderer.Style] shows them all. Classes for arrangement: grid, grid narrow, stack, cluster, split,
// split even, panel, prose, quiet, lede, hidden.
package web
