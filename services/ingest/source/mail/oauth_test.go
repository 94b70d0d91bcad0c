package mail

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-sasl"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/ingest/source"
)

// tokenSession is a mailbox that opens to a token alone.
type tokenSession struct {
	imapserver.Session
	post *post
}

var _ imapserver.SessionSASL = (*tokenSession)(nil)

func (*tokenSession) AuthenticateMechanisms() []string { return []string{"XOAUTH2"} }

func (s *tokenSession) Authenticate(string) (sasl.Server, error) {
	return &tokenServer{session: s}, nil
}

// tokenServer is the other side of XOAUTH2.
type tokenServer struct {
	session *tokenSession
	refused bool
}

func (t *tokenServer) Next(response []byte) (challenge []byte, done bool, _ error) {
	switch {
	case t.refused:
		return nil, true, imapserver.ErrAuthFailed
	case response == nil:
		return []byte{}, false, nil
	case string(response) != "user=infos@mairie.example\x01auth=Bearer "+t.session.post.token+"\x01\x01":
		t.refused = true
		return []byte(`{"status":"400","schemes":"Bearer"}`), false, nil
	}
	return nil, true, t.session.Login("infos@mairie.example", password)
}

// bank gives tokens.
type bank struct {
	*httptest.Server
	mu     sync.Mutex
	forms  []string
	answer any
	status int
}

func newBank(t *testing.T) *bank {
	t.Helper()
	b := &bank{status: http.StatusOK}
	b.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		b.forms = append(b.forms, r.PostForm.Encode())
		w.WriteHeader(b.status)
		_ = json.NewEncoder(w).Encode(b.answer)
	}))
	t.Cleanup(b.Close)
	return b
}

const bearer = "eyJ-access"

func TestAMailboxIsOpenedByAToken(t *testing.T) {
	t.Parallel()
	p := newPostOf(t, bearer)
	p.deliver(t, mail("1@eau", "a@eau.example", "Un", "x"))
	b := newBank(t)
	b.answer = map[string]any{"access_token": bearer, "token_type": "Bearer", "expires_in": 3600}
	m := p.mailbox(t, "dkim: record\noauth: {token_url: "+b.URL+"/token, client_id: crieur, client_secret: '${X}', scope: https://outlook.office365.com/.default}")
	for range 3 {
		if records, _, err := m.Fetch(t.Context(), source.Cursor{}); err != nil || len(records) != 1 {
			t.Fatalf("%+v, %v", records, err)
		}
	}
	if want := "client_id=crieur&client_secret=" + password + "&grant_type=client_credentials&scope=https%3A%2F%2Foutlook.office365.com%2F.default"; len(b.forms) != 1 || b.forms[0] != want {
		t.Errorf("asked %v", b.forms)
	}
	p.now = p.now.Add(time.Hour)
	if _, _, err := m.Fetch(t.Context(), source.Cursor{}); err != nil || len(b.forms) != 2 {
		t.Errorf("an hour later: %d tokens, %v", len(b.forms), err)
	}
	person := p.mailbox(t, "dkim: record\noauth: {token_url: "+b.URL+"/token, client_id: crieur, refresh_token: '${X}'}")
	if _, _, err := person.Fetch(t.Context(), source.Cursor{}); err != nil || b.forms[2] != "client_id=crieur&grant_type=refresh_token&refresh_token="+password {
		t.Errorf("asked %v, %v", b.forms, err)
	}
}

func TestATokenThatIsNotGiven(t *testing.T) {
	t.Parallel()
	good := map[string]any{"access_token": bearer, "token_type": "bearer"}
	for name, c := range map[string]struct {
		status int
		answer any
		opens  string // the mailbox
		want   events.Reason
	}{
		"refused":          {400, map[string]any{"error": "invalid_client", "error_description": bearer}, bearer, events.ReasonUnauthorized},
		"away":             {503, "x", bearer, events.ReasonUnavailable},
		"no token":         {200, map[string]any{"token_type": "Bearer"}, bearer, events.ReasonInvalidContent},
		"another type":     {200, map[string]any{"access_token": bearer, "token_type": "mac"}, bearer, events.ReasonInvalidContent},
		"not JSON":         {200, "x", bearer, events.ReasonInvalidContent},
		"opens no mailbox": {200, good, "another", events.ReasonUnauthorized},
		"life not said":    {200, good, bearer, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPostOf(t, c.opens)
			b := newBank(t)
			b.status, b.answer = c.status, c.answer
			m := p.mailbox(t, "oauth: {token_url: "+b.URL+"/token, client_id: crieur, client_secret: '${X}'}")
			for range 2 {
				_, _, err := m.Fetch(t.Context(), source.Cursor{})
				if events.OutcomeOf(err).Reason != c.want || strings.Contains(fmt.Sprint(err), bearer) || strings.Contains(fmt.Sprint(err), password) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			}
			if kept := c.want == ""; kept != (len(b.forms) == 1) {
				t.Errorf("%d tokens were asked for", len(b.forms))
			}
		})
	}
}
