package telegram_test

import (
	"encoding/json"
	"fmt"
	"html"
	"image/png"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
)

// chat is a chat as https://core.telegram.org/bots/api describes its methods:
// npm telegram-test-api takes no pictures.
type chat struct {
	mu       sync.Mutex
	messages []message
	next     int64
}

type message struct {
	id    int64
	text  string
	photo bool
}

func (c *chat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	refuse := func(why string) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": false, "error_code": 400, "description": "Bad Request: " + why})
	}
	in := map[string]any{}
	photo := strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/")
	if photo {
		file, _, err := r.FormFile("photo")
		if err == nil {
			_, err = png.Decode(file)
		}
		if err != nil {
			refuse("IMAGE_PROCESS_FAILED")
			return
		}
		for name, values := range r.MultipartForm.Value {
			in[name] = values[0]
		}
		if media, ok := in["media"].(string); ok {
			_ = json.Unmarshal([]byte(media), &in)
		}
		if n, err := strconv.ParseFloat(fmt.Sprint(in["message_id"]), 64); err == nil {
			in["message_id"] = n
		}
		in["text"] = in["caption"]
		if len(utf16.Encode([]rune(html.UnescapeString(fmt.Sprint(in["caption"]))))) > 1024+len("<b></b>") {
			refuse("message caption is too long")
			return
		}
	} else if json.NewDecoder(r.Body).Decode(&in) != nil {
		refuse("not JSON")
		return
	}
	id, _ := in["message_id"].(float64)
	at := slices.IndexFunc(c.messages, func(m message) bool { return m.id == int64(id) })
	text, _ := in["text"].(string)
	switch method := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]; {
	case method == "sendMessage" || method == "sendPhoto" && photo:
		c.next++
		c.messages = append(c.messages, message{c.next, text, photo})
		fmt.Fprintf(w, `{"ok":true,"result":{"message_id":%d}}`, c.next)
		return
	case at < 0 && method == "deleteMessage":
		refuse("message to delete not found")
		return
	case at < 0:
		refuse("message to edit not found")
		return
	case method == "editMessageText" && c.messages[at].photo:
		refuse("there is no text in the message to edit")
		return
	case method == "editMessageMedia" && !c.messages[at].photo:
		refuse("there is no media in the message to edit")
		return
	case method == "deleteMessage":
		c.messages = slices.Delete(c.messages, at, at+1)
	case c.messages[at].text == text:
		refuse("message is not modified: specified new message content and reply markup are exactly the same")
		return
	default:
		c.messages[at].text = text
	}
	fmt.Fprint(w, `{"ok":true,"result":true}`)
}

func (c *chat) shown() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var texts []string
	for _, m := range c.messages {
		texts = append(texts, m.text)
	}
	return texts
}

func TestActs(t *testing.T) {
	t.Parallel()
	for _, settings := range []string{"", "card: true"} {
		channeltest.Acts(t, func(*testing.T) channeltest.Wall {
			peer := &chat{}
			return channeltest.Wall{Handler: peer, Shown: peer.shown, New: func(t *testing.T, url string) channel.Endpoint {
				t.Helper()
				return newChannel(t, url, settings)
			}}
		})
	}
}

// TestCardsComeAndGo: a message without a picture cannot get one, so that it is
// replaced; the text under a picture is short.
func TestCardsComeAndGo(t *testing.T) {
	t.Parallel()
	for _, settings := range [][2]string{{"", "card: true"}, {"card: true", ""}} {
		peer := &chat{}
		url := channeltest.HTTP(t, channeltest.OK, peer.ServeHTTP)
		long := func(p *events.Publication) { p.Content.Summary = strings.Repeat("Les travaux continuent. ", 200) }
		before, after := newChannel(t, url, settings[0]), newChannel(t, url, settings[1])
		r, err := before.Deliver(t.Context(), post(t, before, long))
		if err != nil {
			t.Fatal(err)
		}
		second := post(t, after, func(p *events.Publication) { long(p); p.Revision, p.MsgType, p.Correction = 2, events.MsgUpdate, true })
		second.Remote = r.Remote
		r, err = after.Update(t.Context(), second)
		if err != nil || r.Remote == second.Remote {
			t.Fatalf("%q: %+v, %v", settings, r, err)
		}
		if len(peer.messages) != 1 || peer.messages[0].photo != (settings[1] != "") || !strings.HasPrefix(peer.messages[0].text, "<b>Rectificatif") {
			t.Errorf("%q: the chat has %+v", settings, peer.messages)
		}
	}
}
