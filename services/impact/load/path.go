package load

import (
	"strings"
	"time"

	"github.com/crieur/crieur/events"
)

const insertPublications = `INSERT INTO publications (authority, publication, revision, stream, message, status, msg_type,
	class, topic, severity, title, channels, automatic, source_at, fetched_at, approved_at, not_before, expires, sequence)`

// publicationRows are the columns of insertPublications.
type publicationRows struct {
	authority, publication, stream, message, status, msgType []string
	class, topic, severity, title                            []string
	channels                                                 [][]string
	revision                                                 []uint32
	automatic                                                []bool
	sourceAt, fetchedAt, approvedAt, notBefore, expires      []time.Time
	sequence                                                 []uint64
}

func (r *publicationRows) len() int       { return len(r.publication) }
func (r *publicationRows) reset()         { *r = publicationRows{} }
func (r *publicationRows) insert() string { return insertPublications }

func (r *publicationRows) columns() []any {
	return []any{
		r.authority, r.publication, r.revision, r.stream, r.message, r.status, r.msgType, r.class, r.topic, r.severity,
		r.title, r.channels, r.automatic, r.sourceAt, r.fetchedAt, r.approvedAt, r.notBefore, r.expires, r.sequence,
	}
}

func (r *publicationRows) add(sequence uint64, body []byte) error {
	p, err := events.Unmarshal[events.Publication](body)
	if err != nil {
		return err
	}
	automatic := true
	for _, by := range p.By {
		automatic = automatic && strings.HasPrefix(by, "rule:")
	}
	channels := p.Channels
	if channels == nil {
		channels = []string{}
	}
	r.authority = append(r.authority, p.Authority)
	r.publication = append(r.publication, p.ID)
	r.revision = append(r.revision, count(p.Revision))
	r.stream = append(r.stream, p.Stream)
	r.message = append(r.message, p.Message)
	r.status = append(r.status, string(p.Status))
	r.msgType = append(r.msgType, string(p.MsgType))
	r.class = append(r.class, string(p.Class))
	r.topic = append(r.topic, p.Topic)
	r.severity = append(r.severity, string(p.Severity))
	r.title = append(r.title, p.Content.Title)
	r.channels = append(r.channels, channels)
	r.automatic = append(r.automatic, automatic)
	r.sourceAt = append(r.sourceAt, moment(p.SourceAt))
	r.fetchedAt = append(r.fetchedAt, moment(p.FetchedAt))
	r.approvedAt = append(r.approvedAt, moment(p.At))
	r.notBefore = append(r.notBefore, moment(p.NotBefore))
	r.expires = append(r.expires, moment(p.Expires))
	r.sequence = append(r.sequence, sequence)
	return nil
}

const insertMessages = `INSERT INTO messages (authority, seq, message, revision, source, msg_type, class, topic, severity,
	backlog, sent, fetched_at, created_at, expires, sequence)`

// messageRows are the columns of insertMessages.
type messageRows struct {
	authority, seq, message, source, msgType, class, topic, severity []string
	revision                                                         []uint32
	backlog                                                          []bool
	sent, fetchedAt, createdAt, expires                              []time.Time
	sequence                                                         []uint64
}

func (r *messageRows) len() int       { return len(r.seq) }
func (r *messageRows) reset()         { *r = messageRows{} }
func (r *messageRows) insert() string { return insertMessages }

func (r *messageRows) columns() []any {
	return []any{
		r.authority, r.seq, r.message, r.revision, r.source, r.msgType, r.class, r.topic, r.severity,
		r.backlog, r.sent, r.fetchedAt, r.createdAt, r.expires, r.sequence,
	}
}

func (r *messageRows) add(sequence uint64, body []byte) error {
	m, err := events.Unmarshal[events.Message](body)
	if err != nil {
		return err
	}
	r.authority = append(r.authority, m.Authority)
	r.seq = append(r.seq, m.Seq)
	r.message = append(r.message, m.ID)
	r.revision = append(r.revision, count(m.Revision))
	r.source = append(r.source, m.Source)
	r.msgType = append(r.msgType, string(m.MsgType))
	r.class = append(r.class, string(m.Class))
	r.topic = append(r.topic, m.Topic)
	r.severity = append(r.severity, string(m.Severity))
	r.backlog = append(r.backlog, m.Backlog)
	r.sent = append(r.sent, moment(m.Sent))
	r.fetchedAt = append(r.fetchedAt, moment(m.FetchedAt))
	r.createdAt = append(r.createdAt, moment(m.CreatedAt))
	r.expires = append(r.expires, moment(m.Expires))
	r.sequence = append(r.sequence, sequence)
	return nil
}
