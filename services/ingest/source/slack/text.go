package slack

import (
	"html"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/crieur/crieur/events/record"
)

// maxTitle is what a first line may hold as a title, in characters.
const maxTitle = 160

// entity is one of Slack's <…>: a link, a channel, a person, a group.
var entity = regexp.MustCompile(`<([^<>|]+)(?:\|([^<>]*))?>`)

// urgent opens a text whose author says that it cannot wait.
var urgent = regexp.MustCompile(`(?i)^(?:urgent|urgence)\s*(?::|-|–|!|\s)\s*`)

// lineStart is what a dropped entity leaves before a line.
var lineStart = regexp.MustCompile(`(?m)^[ \t]+`)

// emphasis is around words, not within.
var emphasis = regexp.MustCompile(`(^|[\s(])[*_~]+([^*_~\n]+)[*_~]+($|[\s).,;:!?])`)

// entryOf makes an entry of what an officer wrote: the first line is the title.
// Persons and groups that are called are no part of it.
func entryOf(text, user string, files []string) record.Entry {
	text = strings.TrimSpace(plain(text))
	e := record.Entry{Class: "service", Extra: map[string]string{}}
	if at := urgent.FindStringIndex(text); at != nil {
		text, e.Urgency = strings.TrimSpace(text[at[1]:]), "Immediate"
	}
	title, rest, _ := strings.Cut(text, "\n")
	title = strings.Join(strings.Fields(title), " ")
	e.Body = strings.TrimSpace(rest)
	if utf8.RuneCountInString(title) > maxTitle {
		e.Body = strings.TrimSpace(title + "\n" + e.Body)
		title = shorten(title)
	}
	e.Title = title
	if user != "" {
		e.Extra["officer"] = user
	}
	if len(files) > 0 {
		e.Extra["attachments"] = strings.Join(files, "; ")
	}
	return e
}

// shorten cuts at a word.
func shorten(title string) string {
	runes := []rune(title)[:maxTitle-1]
	cut := string(runes)
	if at := strings.LastIndexByte(cut, ' '); at > maxTitle/2 {
		cut = cut[:at]
	}
	return strings.TrimRight(cut, " ,;:") + "…"
}

// plain reads Slack's mrkdwn: links as "words (address)", without emphasis.
func plain(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), "\uFFFD")
	text = entity.ReplaceAllStringFunc(text, func(s string) string {
		parts := entity.FindStringSubmatch(s)
		target, label := parts[1], parts[2]
		switch {
		case strings.HasPrefix(target, "@"), strings.HasPrefix(target, "!"):
			return ""
		case strings.HasPrefix(target, "#"):
			return "#" + label
		case strings.HasPrefix(target, "mailto:"), strings.HasPrefix(target, "tel:"):
			return label
		case label == "" || label == target:
			return target
		}
		return label + " (" + target + ")"
	})
	text = lineStart.ReplaceAllString(text, "")
	text = html.UnescapeString(text)
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, text)
	for range 2 { // neighbours share the space between them
		text = emphasis.ReplaceAllString(text, "$1$2$3")
	}
	return text
}
