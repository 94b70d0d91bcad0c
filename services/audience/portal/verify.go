package portal

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/crieur/crieur/services/audience/seal"
	"github.com/crieur/crieur/services/web"
)

// sealed is the proof as a file.
func (p *Portal) sealed(w http.ResponseWriter, r *http.Request, b *Backend) error {
	a, list, err := p.revisions(r, b)
	if err != nil {
		return err
	}
	s, err := p.cfg.Sealer.Seal(p.document(a, list[len(list)-1]))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Disposition", `attachment; filename="sceau-`+short(list[0].ID)+`.json"`)
	return writeJSON(w, s)
}

func writeJSON(w http.ResponseWriter, value any) error {
	body, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n')) // a client that went away is no error of ours
	return nil
}

// wellKnown tells the public key to anyone who verifies by himself.
func (p *Portal) wellKnown(w http.ResponseWriter, _ *http.Request, _ *Backend) error {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	return writeJSON(w, map[string]any{
		"keys": []seal.PublicKey{p.cfg.Sealer.Public()}, "verify": p.cfg.PublicURL + "/verifier",
		"canonicalization": "RFC 8785", "signature": "RFC 8032 Ed25519, base64url",
	})
}

// verify checks a seal, an address or the code at the end of one.
func (p *Portal) verify(w http.ResponseWriter, r *http.Request, b *Backend) error {
	t := p.pages.Translator(r)
	page := web.Page{Title: t.T("verify.title"), Lede: t.T("verify.lede")}
	data := struct {
		Result *web.Notice
		Link   string
		Host   string
	}{Host: p.cfg.PublicURL}
	status := http.StatusOK
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			p.pages.Error(w, r, http.StatusBadRequest)
			return nil //nolint:nilerr // told by the page
		}
		page.Form = web.NewForm(r.PostForm)
		var err error
		data.Result, data.Link, err = p.verdict(r, b, t, page.Form.Get("proof"))
		if err != nil {
			return err
		}
		if data.Result == nil {
			page.Form.Reject("proof", t.T("verify.empty"))
			status = http.StatusUnprocessableEntity
		}
	}
	page.Data = data
	p.pages.Render(w, r, status, "verifier", page)
	return nil
}

func (p *Portal) verdict(r *http.Request, b *Backend, t *web.Translator, proof string) (*web.Notice, string, error) {
	if proof == "" {
		return nil, "", nil
	}
	if strings.HasPrefix(proof, "{") {
		d, err := p.cfg.Sealer.Verify([]byte(proof))
		switch {
		case errors.Is(err, seal.ErrForm):
			return &web.Notice{Tone: web.Warning, Title: t.T("verify.form"), Text: t.T("verify.form.text")}, "", nil
		case err != nil:
			return &web.Notice{Tone: web.Danger, Title: t.T("verify.forged"), Text: t.T("verify.forged.text")}, "", nil
		}
		return &web.Notice{Tone: web.Success, Title: t.T("verify.genuine"), Text: t.T("verify.genuine.text", "title", d.Title, "authority", d.Authority, "at", d.Approved)}, p.path(r, b, d.ID), nil
	}
	name := proof[strings.LastIndexByte(proof, '/')+1:]
	name, _, _ = strings.Cut(name, "?")
	list, err := p.board.find(r.Context(), b.JetStream, name)
	foreign := strings.Contains(proof, "/") && !p.ours(proof)
	if err != nil {
		return nil, "", err
	}
	if foreign || len(list) == 0 {
		return &web.Notice{Tone: web.Danger, Title: t.T("verify.unknown"), Text: t.T("verify.unknown.text", "host", p.cfg.PublicURL)}, "", nil
	}
	last := list[len(list)-1]
	a, _ := b.Authorities.Get(last.Authority)
	return &web.Notice{Tone: web.Success, Title: t.T("verify.genuine"), Text: t.T("verify.genuine.text", "title", last.Content.Title, "authority", a.Name, "at", last.At)}, p.path(r, b, last.ID), nil
}

// ours reports whether an address, with or without its scheme, is this site's.
func (p *Portal) ours(address string) bool {
	bare := func(s string) string { return strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://") }
	return strings.HasPrefix(bare(address), bare(p.cfg.PublicURL)+"/") ||
		p.cfg.ShortURL != "" && strings.HasPrefix(bare(address), bare(p.cfg.ShortURL)+"/")
}

func (p *Portal) path(r *http.Request, b *Backend, id string) string {
	list, err := p.board.find(r.Context(), b.JetStream, id)
	if err != nil || len(list) == 0 {
		return ""
	}
	return "/c/" + list[0].Authority + "/p/" + list[0].ID
}
