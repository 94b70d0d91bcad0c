package classify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/territory"
	"github.com/crieur/crieur/services/normalizer/stem"
)

// Fallback is the topic of what nothing tells.
const Fallback = "vie-municipale"

const (
	strongPoints, wordPoints, weakPoints, notPoints = 5, 2, 1, -4
	titleTimes                                      = 3 // in a title or category
	bodyMost                                        = 2 // times a word counts in a body
	threshold                                       = 4 // points to be sure of a topic
	maxTitleWords, maxBodyWords                     = 60, 250
)

// Classifier applies rules.
type Classifier struct {
	topics  []Topic
	bySlug  map[string]int
	stemmer *stem.Stemmer
	first   map[string][]phrase // by first stem
	danger  *dangers
}

// phrase is the stems after the first, and what they are worth to a topic.
type phrase struct {
	id     int
	rest   []string
	topic  int
	points int
}

// New compiles rules.
func New(r Rules, s *stem.Stemmer) (*Classifier, error) {
	c := &Classifier{
		topics: r.Topics, bySlug: map[string]int{}, stemmer: s, first: map[string][]phrase{},
	}
	id := 0
	add := func(to map[string][]phrase, words []string, topic, points int) error {
		for _, w := range words {
			stems := s.Words(nil, territory.Fold(w), -1)
			if len(stems) == 0 {
				return fmt.Errorf("classify: rules: %q holds no word", w)
			}
			if slices.ContainsFunc(to[stems[0]], func(p phrase) bool { return p.topic == topic && slices.Equal(p.rest, stems[1:]) }) {
				continue // the same words, written otherwise
			}
			id++
			// A phrase says more than a word: half as much again for each more.
			worth := points + points*(len(stems)-1)/2
			to[stems[0]] = append(to[stems[0]], phrase{id: id, rest: stems[1:], topic: topic, points: worth})
		}
		return nil
	}
	for i, t := range r.Topics {
		c.bySlug[t.Slug] = i
		for _, l := range []struct {
			words  []string
			points int
		}{{t.Strong, strongPoints}, {t.Words, wordPoints}, {t.Weak, weakPoints}, {t.Not, notPoints}} {
			if err := add(c.first, l.words, i, l.points); err != nil {
				return nil, err
			}
		}
	}
	var err error
	c.danger, err = newDangers(r.Danger)
	return c, err
}

// Text is what is classified, folded by territory.Fold.
type Text struct {
	Title      string
	Categories []string
	Body       string
	Prior      []string // topics of the source: a strong word each
}

// Result is what the rules tell.
type Result struct {
	Topic  string   // empty when no topic has enough points
	Points int      // of the topic
	Danger bool     // it tells of an immediate danger that is neither over nor a drill
	Drill  bool     // it tells of an exercise
	Stems  []string // of the title and body, for comparison
}

// Classify applies the rules to a text.
func (c *Classifier) Classify(t Text) Result {
	scores := make([]int, len(c.topics))
	title := c.stemmer.Words(make([]string, 0, 64), t.Title, maxTitleWords)
	c.score(scores, title, titleTimes, titleTimes)
	exact := -1
	for i, cat := range t.Categories {
		if i == 10 {
			break
		}
		if n, ok := c.bySlug[strings.ReplaceAll(cat, " ", "-")]; ok {
			exact = n
		}
		c.score(scores, c.stemmer.Words(nil, cat, 12), titleTimes, titleTimes)
	}
	all := c.stemmer.Words(title, t.Body, maxBodyWords)
	body := all[len(title):]
	c.score(scores, body, 1, bodyMost)
	r := Result{Stems: all}
	r.Danger, r.Drill = c.danger.judge(t)
	if exact >= 0 {
		scores[exact] += strongPoints * titleTimes
	}
	for _, slug := range t.Prior {
		if i, ok := c.bySlug[slug]; ok && scores[i] > 0 {
			scores[i] += strongPoints
		}
	}
	best := 0
	for i := range scores {
		if scores[i] > scores[best] {
			best = i
		}
	}
	if len(scores) > 0 && scores[best] >= threshold {
		r.Topic, r.Points = c.topics[best].Slug, scores[best]
	}
	return r
}

// score adds the points of the phrases found; each phrase counts at most most
// times.
func (c *Classifier) score(scores []int, stems []string, times, most int) {
	var seen map[int]int
	for i, s := range stems {
		for _, p := range c.first[s] {
			if !starts(stems[i+1:], p.rest) {
				continue
			}
			if seen == nil {
				seen = map[int]int{}
			}
			if seen[p.id]+times > most {
				continue
			}
			seen[p.id] += times
			scores[p.topic] += p.points * times
		}
	}
}

func starts(stems, want []string) bool {
	return len(stems) >= len(want) && slices.Equal(stems[:len(want)], want)
}

// Topics returns the topics, in the order of the rules.
func (c *Classifier) Topics() []Topic { return slices.Clone(c.topics) }

// Topic returns a topic by its slug.
func (c *Classifier) Topic(slug string) (Topic, bool) {
	i, ok := c.bySlug[slug]
	if !ok {
		return Topic{}, false
	}
	return c.topics[i], true
}

// Stated is what decides the class besides the text.
type Stated struct {
	Class    events.Class // of the record, empty when it does not say
	Default  events.Class // of the source
	Severity events.Severity
	Urgency  events.Urgency
	Trusted  bool // the source may raise an alert
	Alert    bool // the record comes by an alert protocol
}

// Class decides the class of a message:
//
//   - the record's own word, from a trusted source; an alert that an untrusted
//     source claims is a service message, for an officer to judge;
//   - an alert protocol: alert when Severe or Extreme, or Moderate and
//     Immediate, and not past; else service;
//   - words of immediate danger from a trusted source: alert;
//   - the source's default, when it is not service;
//   - the topic's class.
func (c *Classifier) Class(s Stated, r Result, topic string) events.Class {
	switch {
	case s.Class == events.ClassAlert && !s.Trusted:
		return events.ClassService
	case s.Class.Valid():
		return s.Class
	case s.Alert && s.Urgency == events.UrgencyPast:
		return events.ClassService
	case s.Alert:
		if s.Severity.Rank() >= events.SeveritySevere.Rank() || s.Severity == events.SeverityModerate && s.Urgency == events.UrgencyImmediate {
			return events.ClassAlert
		}
		return events.ClassService
	case r.Danger && s.Trusted:
		return events.ClassAlert
	case s.Default.Valid() && s.Default != events.ClassService:
		return s.Default
	}
	if t, ok := c.Topic(topic); ok {
		return t.Class
	}
	return events.ClassService
}
