package measure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Publication is one line of the list.
type Publication struct {
	ID, Title, Class, Topic, Stream, MsgType string
	Revision                                 uint32
	ApprovedAt                               time.Time
	// Informed is people, over channels: those of the revision that informed
	// most, as a correction goes to whom was told. A withdrawal informs nobody.
	Informed uint64
	Channels []string // that carried it, signs and feeds too
	Alone    bool     // some channel informed one to four people
}

// ErrNoPublication is returned for an ID under which there is none.
var ErrNoPublication = errors.New("measure: no such publication")

// Publications lists those approved in the period, the last first, at most
// limit of them; each with its last revision.
func (r *Reader) Publications(ctx context.Context, q Query, limit int) ([]Publication, error) {
	ctx, cancel := context.WithTimeout(readContext(ctx), timeout)
	defer cancel()
	var list []Publication
	err := r.list(ctx, `SELECT publication, argMax(title, revision), toString(argMax(class, revision)), toString(argMax(topic, revision)),
			toString(any(stream)), toString(argMax(msg_type, revision)), max(revision), max(approved_at) AS approved
		FROM publications FINAL WHERE authority = {authority:String} AND approved_at >= {from:DateTime('UTC')} AND approved_at < {to:DateTime('UTC')}
			AND ({stream:String} = '' OR stream = {stream:String}) AND ({channel:String} = '' OR has(channels, {channel:String}))
			AND ({id:String} = '' OR publication = {id:String})
		GROUP BY publication ORDER BY approved DESC LIMIT {limit:UInt32}`, q, "", limit, &list)
	if err != nil || len(list) == 0 {
		return list, err
	}
	return list, r.outcomes(ctx, q, list)
}

// Publication returns one publication and what became of it by revision and
// channel.
func (r *Reader) Publication(ctx context.Context, authority, id string) (Publication, []Count, []Revision, error) {
	ctx, cancel := context.WithTimeout(readContext(ctx), timeout)
	defer cancel()
	q := Query{Authority: authority, Period: Period{From: time.Unix(0, 0), To: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}}
	revisions, err := r.revisions(ctx, authority, id)
	if err != nil {
		return Publication{}, nil, nil, err
	}
	if len(revisions) == 0 {
		return Publication{}, nil, nil, ErrNoPublication
	}
	last := revisions[len(revisions)-1]
	list := []Publication{last.Publication}
	if err := r.outcomes(ctx, q, list); err != nil {
		return Publication{}, nil, nil, err
	}
	counts, err := r.became(ctx, authority, id)
	return list[0], counts, revisions, err
}

// Revision is one revision of a publication, with the moments of its path.
type Revision struct {
	Publication
	SourceAt, FetchedAt time.Time
	FirstSent           time.Time // the first that a provider, a sign or a feed took; zero: none
	FirstInformed       time.Time // the first recipient who had it; zero: none
}

func (r *Reader) revisions(ctx context.Context, authority, id string) ([]Revision, error) {
	var list []Revision
	err := r.each(ctx, `SELECT p.publication, p.title, toString(p.class), toString(p.topic), toString(p.stream), toString(p.msg_type), p.revision,
			p.approved_at, p.source_at, p.fetched_at, o.sent, o.informed
		FROM publications AS p FINAL LEFT JOIN (
			SELECT revision, minIf(first_at, status IN ('sent', 'delivered', 'displayed')) AS sent, minIf(first_at, informed) AS informed FROM publication_receipts
			WHERE authority = {authority:String} AND publication = {id:String} GROUP BY revision) AS o ON o.revision = p.revision
		WHERE p.authority = {authority:String} AND p.publication = {id:String} ORDER BY p.revision`,
		func(rows driver.Rows) error {
			var v Revision
			err := rows.Scan(&v.ID, &v.Title, &v.Class, &v.Topic, &v.Stream, &v.MsgType, &v.Revision,
				&v.ApprovedAt, &v.SourceAt, &v.FetchedAt, &v.FirstSent, &v.FirstInformed)
			v.SourceAt, v.FetchedAt = known(v.SourceAt), known(v.FetchedAt)
			v.FirstSent, v.FirstInformed = known(v.FirstSent), known(v.FirstInformed)
			list = append(list, v)
			return err
		}, clickhouse.Named("authority", authority), clickhouse.Named("id", id))
	return list, err
}

// known turns the tables' unknown time into the zero time.
func known(t time.Time) time.Time {
	if t.Unix() <= 0 {
		return time.Time{}
	}
	return t
}

func (r *Reader) became(ctx context.Context, authority, id string) ([]Count, error) {
	var counts []Count
	err := r.each(ctx, `SELECT revision, toString(channel), toString(any(kind)), toString(status), sum(receipts), sum(people), sum(units), sum(duplicates), sum(cost_micro_eur)
		FROM publication_receipts WHERE authority = {authority:String} AND publication = {id:String}
		GROUP BY revision, channel, status ORDER BY revision, channel, status`,
		func(rows driver.Rows) error {
			var c Count
			err := rows.Scan(&c.Revision, &c.Channel, &c.Kind, &c.Status, &c.Receipts, &c.People, &c.Units, &c.Duplicates, &c.CostMicroEUR)
			counts = append(counts, c)
			return err
		}, clickhouse.Named("authority", authority), clickhouse.Named("id", id))
	return counts, err
}

func (r *Reader) list(ctx context.Context, sql string, q Query, id string, limit int, list *[]Publication) error {
	return r.each(ctx, sql, func(rows driver.Rows) error {
		var p Publication
		err := rows.Scan(&p.ID, &p.Title, &p.Class, &p.Topic, &p.Stream, &p.MsgType, &p.Revision, &p.ApprovedAt)
		*list = append(*list, p)
		return err
	}, clickhouse.Named("authority", q.Authority), clickhouse.Named("stream", q.Stream), clickhouse.Named("channel", q.Channel),
		clickhouse.Named("from", q.Period.From.UTC().Format(clockForm)), clickhouse.Named("to", q.Period.To.UTC().Format(clockForm)),
		clickhouse.Named("id", id), clickhouse.Named("limit", limit))
}

// outcomes completes publications with what their receipts say.
func (r *Reader) outcomes(ctx context.Context, q Query, list []Publication) error {
	ids, at := make([]string, len(list)), map[string]int{}
	for i, p := range list {
		ids[i], at[p.ID] = p.ID, i
	}
	return r.each(ctx, `SELECT publication, sum(persons), arraySort(groupArrayIf(channel, had > 0)), max(persons BETWEEN 1 AND 4) FROM (
			SELECT publication, channel, max(had) AS had, max(persons) AS persons FROM (
				SELECT publication, revision, toString(channel) AS channel,
					greatest(sumIf(receipts, informed AND status = 'sent'), sumIf(receipts, status IN ('delivered', 'displayed'))) AS had,
					greatest(sumIf(people, informed AND status = 'sent'), sumIf(people, status IN ('delivered', 'displayed'))) AS persons
				FROM publication_receipts WHERE authority = {authority:String} AND publication IN {ids:Array(String)} AND (publication, revision) NOT IN (
					SELECT publication, revision FROM publications FINAL
					WHERE authority = {authority:String} AND publication IN {ids:Array(String)} AND msg_type = 'Cancel')
				GROUP BY publication, revision, channel)
			GROUP BY publication, channel)
		GROUP BY publication`, func(rows driver.Rows) error {
		var id string
		var p Publication
		var alone uint8
		if err := rows.Scan(&id, &p.Informed, &p.Channels, &alone); err != nil {
			return err
		}
		if i, ok := at[id]; ok {
			list[i].Informed, list[i].Channels, list[i].Alone = p.Informed, p.Channels, alone == 1
		}
		return nil
	}, clickhouse.Named("authority", q.Authority), clickhouse.Named("ids", ids))
}

func (r *Reader) each(ctx context.Context, sql string, scan func(driver.Rows) error, args ...any) error {
	rows, err := r.conn.Query(ctx, sql, args...)
	if err != nil {
		return wrapped(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return wrapped(err)
		}
	}
	return wrapped(rows.Err())
}

func wrapped(err error) error {
	if err != nil {
		return fmt.Errorf("measure: %w", err)
	}
	return nil
}
