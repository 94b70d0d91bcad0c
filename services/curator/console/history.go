package console

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/curator/item"
	"github.com/crieur/crieur/services/web"
)

// history is an item's, the last change first.
func (d *desktop) history(it item.Item) web.Timeline {
	var t web.Timeline
	for _, ch := range slices.Backward(it.History) {
		tone, icon := look(ch.Action)
		e := web.TimelineEntry{When: ch.At, Who: d.name(ch.Actor), What: d.t.T("action." + ch.Action), Tone: tone, Icon: icon}
		switch {
		case ch.Detail["approvals"] != "":
			if n, needed, _ := strings.Cut(ch.Detail["approvals"], "/"); needed != "1" {
				count, _ := strconv.Atoi(n) // 0 is said as it is
				e.Detail = d.t.T("mark.approvals", "n", count, "needed", needed)
			}
		case ch.Detail["reason"] == "source":
		default:
			e.Detail = ch.Detail["reason"]
		}
		t.Entries = append(t.Entries, e)
	}
	return t
}

func look(action string) (web.Tone, string) {
	switch action {
	case item.ActionReceive:
		return web.Info, "inbox"
	case item.ActionUpdate, item.ActionEdit, item.ActionCorrect:
		return web.Warning, "edit"
	case item.ActionApprove:
		return web.Success, "check"
	case item.ActionPublish:
		return web.Success, "send"
	case item.ActionSchedule, item.ActionHold:
		return web.Info, "clock"
	case item.ActionCancel, item.ActionWithdraw, item.ActionReject:
		return web.Danger, "cross"
	case item.ActionCover:
		return web.Neutral, "merge"
	case item.ActionExpire:
		return web.Neutral, "hourglass"
	}
	return web.Neutral, "circle"
}

// diffView is what the source changed, a field at a time.
type diffView struct{ Fields []diffField }

type diffField struct {
	Label string
	Parts []diffPart
}

type diffPart struct {
	Text     string
	Was, Now bool // only before, only after
}

// diff compares what the officer, or residents, have with what the source
// says now; nil when there is nothing to tell.
func (d *desktop) diff(it item.Item) *diffView {
	if it.State != item.Pending || it.Cancelled {
		return nil
	}
	var was events.Content
	switch {
	case it.Draft != nil && it.Changed:
		was = it.Draft.Content
	case it.Draft == nil && it.Live():
		was = it.Last.Content
	default:
		return nil
	}
	now := it.Message.Content
	v := &diffView{}
	for _, f := range []struct{ key, was, now string }{
		{"field.title", was.Title, now.Title},
		{"field.instruction", was.Instruction, now.Instruction},
		{"field.summary", was.Summary, now.Summary},
		{"field.text", was.Text, now.Text},
		{"field.place", was.Place, now.Place},
		{"field.link", was.Link, now.Link},
	} {
		if f.was != f.now {
			v.Fields = append(v.Fields, diffField{d.t.T(f.key), words(f.was, f.now)})
		}
	}
	if it.Last != nil && it.Draft == nil && !it.Last.Expires.Equal(it.Message.Expires) {
		v.Fields = append(v.Fields, diffField{d.t.T("field.expires"), []diffPart{
			{Text: d.t.DateTime(it.Last.Expires), Was: true}, {Text: d.t.DateTime(it.Message.Expires), Now: true},
		}})
	}
	if len(v.Fields) == 0 {
		return nil
	}
	return v
}

// maxDiffWords bounds the work of a comparison, which grows with its square.
const maxDiffWords = 600

// words compares two texts a word at a time, by their longest common
// subsequence.
func words(was, now string) []diffPart {
	a, b := strings.Fields(was), strings.Fields(now)
	if len(a) > maxDiffWords || len(b) > maxDiffWords {
		return []diffPart{{Text: was, Was: true}, {Text: now, Now: true}}
	}
	table := make([][]int, len(a)+1)
	for i := range table {
		table[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				table[i][j] = table[i+1][j+1] + 1
			} else {
				table[i][j] = max(table[i+1][j], table[i][j+1])
			}
		}
	}
	var parts []diffPart
	add := func(word string, was, now bool) {
		if n := len(parts); n > 0 && parts[n-1].Was == was && parts[n-1].Now == now {
			parts[n-1].Text += " " + word
			return
		}
		parts = append(parts, diffPart{word, was, now})
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			add(a[i], false, false)
			i, j = i+1, j+1
		case j >= len(b) || i < len(a) && table[i+1][j] >= table[i][j+1]:
			add(a[i], true, false)
			i++
		default:
			add(b[j], false, true)
			j++
		}
	}
	return parts
}

// byName sorts for people.
func byName(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) }
