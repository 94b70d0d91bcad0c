package channel_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/channeltest"
)

// TestTagsGoFirst: what would be cut for a hashtag is not.
func TestTagsGoFirst(t *testing.T) {
	t.Parallel()
	p := channeltest.Publication()
	p.Content = events.Content{Title: "Titre", Summary: strings.Repeat("mot ", 60) + "fin"}
	plain, size, _ := channel.Limit{Max: 1000}.Compose(p, channel.Profile{}, "")
	for room, tagged := range map[int]bool{size: false, size + 5: false, size + len("\n\n#Eau"): true} {
		limit := channel.Limit{Max: room, Tags: []string{"#Eau"}}
		post, _, cut := limit.Compose(p, channel.Profile{}, "")
		if cut || strings.Contains(post, "#Eau") != tagged || !strings.HasPrefix(post, plain) {
			t.Errorf("%d: cut %t, %q", room, cut, post)
		}
		if posts, _, _ := limit.Thread(p, channel.Profile{}, "", 3); len(posts) != 1 || strings.Contains(posts[0], "#Eau") != tagged {
			t.Errorf("%d: %q", room, posts)
		}
	}
}

func TestThread(t *testing.T) {
	t.Parallel()
	limit := channel.Limit{Max: 300, Size: uniseg.GraphemeClusterCount, Tags: []string{"#Voirie"}}
	for name, c := range map[string]struct {
		text        string
		most, posts int
		cut         bool
	}{
		"fits in one": {"Court.", 5, 1, false},
		"not asked":   {strings.Repeat("Une phrase. ", 100), 1, 1, true},
		"three":       {strings.Repeat("Une phrase de travaux. ", 30), 5, 3, false},
		"too much":    {strings.Repeat("Une phrase. ", 500), 4, 4, true},
		"no space":    {strings.Repeat("é", 700), 10, 4, false},
		"pictograms":  {strings.Repeat("👩‍👩‍👧 ", 250), 10, 3, false},
		"paragraphs":  {strings.Repeat("Un alinéa qui dit une chose.\n\n", 20), 10, 3, false},
		"long words":  {strings.Repeat("mot", 90) + " " + strings.Repeat("mot", 90), 10, 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := channeltest.Publication()
			p.Content.Summary, p.Content.Text, p.Content.Instruction = "", c.text, "Fin."
			posts, size, cut := limit.Thread(p, channeltest.Profile(), "", c.most)
			if len(posts) != c.posts || cut != c.cut || size > 300 {
				t.Errorf("%d posts, cut %t, %d graphemes: %q", len(posts), cut, size, posts)
			}
			var whole strings.Builder
			for i, post := range posts {
				if n := uniseg.GraphemeClusterCount(post); n > 300 {
					t.Errorf("post %d has %d graphemes", i, n)
				}
				if i == 0 != strings.HasSuffix(post, "\n\n"+channeltest.Profile().Link) {
					t.Errorf("post %d: %q", i, post)
				}
				if tagged := i == 0 && !c.cut; tagged != strings.Contains(post, "#Voirie") {
					t.Errorf("post %d, with its tag %t: %q", i, !tagged, post)
				}
				if part := channel.PartOf(post); len(posts) > 1 && part != i+1 && i > 0 || i == 0 && part != 0 {
					t.Errorf("post %d says that it is %d", i, part)
				}
				at := strings.LastIndex(post, " (")
				if len(posts) > 1 && at > 0 {
					post = post[:at]
				}
				whole.WriteString(post)
			}
			letters := func(s string) string { return strings.Join(strings.Fields(s), "") }
			if !c.cut && !strings.Contains(letters(whole.String()), letters(c.text)) {
				t.Errorf("text is lost: %q", posts)
			}
		})
	}
}

func TestPartOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"suite (2/3)": 2, "fin (10/10) ": 10, "début (1/3)": 0, "(3/2)": 0, "merci": 0, "(2/3) ?": 0, "(2/99)": 0,
	} {
		if got := channel.PartOf(text); got != want {
			t.Errorf("%q is part %d, want %d", text, got, want)
		}
	}
}

// What to do is said whole, whatever is cut.
func TestInstructionIsNeverCut(t *testing.T) {
	t.Parallel()
	limit := channel.Limit{Max: 300, Size: uniseg.GraphemeClusterCount}
	for n := range 40 {
		p := channeltest.Publication()
		p.Content.Summary = strings.Repeat("mot ", 10*n)
		p.Content.Text = p.Content.Summary
		for _, most := range []int{1, 2} {
			posts, _, _ := limit.Thread(p, channeltest.Profile(), "", most)
			if !strings.Contains(posts[0]+posts[len(posts)-1], p.Content.Instruction) {
				t.Errorf("%d words, %d posts: %q", 10*n, most, posts)
			}
		}
	}
}

// FuzzThread: whatever the words and the limit, no post is too long, the texts
// are valid, and the same comes out twice.
func FuzzThread(f *testing.F) {
	f.Add("Route barrée", strings.Repeat("Une phrase. ", 60), "Restez chez vous.", 300, 5)
	f.Add("", "👩‍👩‍👧é\u0301\n\n\n", "\xff", 100, 10)
	f.Add("(2/3)", strings.Repeat("x", 999), "", 120, 2)
	f.Fuzz(func(t *testing.T, title, text, instruction string, most, posts int) {
		if most < 100 || most > 5000 || posts < 1 || posts > channel.MaxThread || !utf8.ValidString(title) || !utf8.ValidString(text) || !utf8.ValidString(instruction) {
			return
		}
		limit := channel.Limit{Max: most, Size: uniseg.GraphemeClusterCount}
		p := channeltest.Publication()
		p.Content.Title, p.Content.Text, p.Content.Summary, p.Content.Instruction = title, text, text, instruction
		list, size, _ := limit.Thread(p, channeltest.Profile(), "", posts)
		again, _, _ := limit.Thread(p, channeltest.Profile(), "", posts)
		if !slices.Equal(list, again) || len(list) < 1 || len(list) > posts || size > most {
			t.Errorf("%d posts of %d, %d graphemes of %d", len(list), posts, size, most)
		}
		for _, post := range list {
			if n := uniseg.GraphemeClusterCount(post); n > most || !utf8.ValidString(post) {
				t.Errorf("%d graphemes of %d: %q", n, most, post)
			}
		}
	})
}

func TestHeadlineSaysWhatARevisionIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		p    events.Publication
		want string
	}{
		{"the first", events.Publication{MsgType: events.MsgAlert, Content: events.Content{Title: "Crue"}}, "Crue"},
		{"said again after it was withdrawn", events.Publication{MsgType: events.MsgAlert, Revision: 3, Content: events.Content{Title: "Crue"}}, "Crue"},
		{"the source's news", events.Publication{MsgType: events.MsgUpdate, Content: events.Content{Title: "Crue"}}, "Mise à jour : Crue"},
		{"its end", events.Publication{MsgType: events.MsgUpdate, Content: events.Content{Title: "Fin de la vigilance rouge"}}, "Fin de la vigilance rouge"},
		{"an officer's correction of it", events.Publication{MsgType: events.MsgUpdate, Correction: true, Content: events.Content{Title: "Fin de la vigilance"}}, "Rectificatif : Fin de la vigilance"},
		{"it says so itself", events.Publication{MsgType: events.MsgUpdate, Content: events.Content{Title: "Mise à jour : crue"}}, "Mise à jour : crue"},
		{"a withdrawal", events.Publication{MsgType: events.MsgCancel, Content: events.Content{Title: "Annulation du marché"}}, "Message retiré : Annulation du marché"},
		{"in English", events.Publication{MsgType: events.MsgCancel, Content: events.Content{Language: "en", Title: "Flood"}}, "Message withdrawn: Flood"},
	} {
		if got := channel.Headline(c.p); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
