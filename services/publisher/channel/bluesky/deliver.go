package bluesky

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/card"
	"github.com/crieur/crieur/services/publisher/channel"
)

// record is com.atproto.repo.putRecord and deleteRecord.
type record struct {
	Repo       string `json:"repo"`
	Collection string `json:"collection"`
	Key        string `json:"rkey"`
	Record     any    `json:"record,omitempty"`
}

// Deliver implements channel.Endpoint: the card, the post, and what follows it.
func (c *Channel) Deliver(ctx context.Context, post channel.Post) (channel.Result, error) {
	body, err := channel.BodyOf[Body](post.Delivery.Rendition)
	if err != nil {
		return channel.Result{}, err
	}
	d := post.Delivery
	if body.Card != nil {
		if body.Embed, err = c.upload(ctx, *body.Card); err != nil {
			return channel.Result{}, err
		}
	}
	first, err := c.put(ctx, TID(d.Publication, d.Revision), body.Record)
	if err != nil {
		return channel.Result{}, err
	}
	before := first
	for i, record := range body.More {
		record.Reply = &Reply{Root: first, Parent: before}
		if before, err = c.put(ctx, partTID(d.Publication, d.Revision, i+2), record); err != nil {
			if events.OutcomeOf(err).Kind == events.PermanentFailure {
				return channel.Result{}, errors.Join(err, c.erase(ctx, d.Publication, d.Revision))
			}
			return channel.Result{}, channel.Repeatable(err) // all is put again next time
		}
	}
	return c.result(first.URI, 1+len(body.More)), nil
}

// put writes a record under its key.
func (c *Channel) put(ctx context.Context, key string, content Record) (Ref, error) {
	var put Ref
	err := c.procedure(ctx, "com.atproto.repo.putRecord", func(did string) any { return record{did, collection, key, content} }, &put)
	if err == nil && put.URI == "" {
		err = events.Transient(events.ReasonAmbiguous, errors.New("bluesky: putRecord: the answer has no uri"), 0)
	}
	return put, err
}

// upload gives the card to the server. Nothing is posted before, so that it
// may be done again; the server forgets what no record names.
func (c *Channel) upload(ctx context.Context, drawn card.Card) (*Embed, error) {
	png, err := drawn.PNG()
	if err != nil {
		return nil, err
	}
	var out struct {
		Blob json.RawMessage `json:"blob"`
	}
	if err := c.procedure(ctx, "com.atproto.repo.uploadBlob", func(string) any { return picture(png) }, &out); err != nil {
		return nil, channel.Repeatable(err)
	}
	if len(out.Blob) == 0 {
		return nil, events.Transient(events.ReasonUnavailable, errors.New("bluesky: uploadBlob: the answer has no blob"), 0)
	}
	return &Embed{Type: typeImagesEmbed, Images: []Image{{
		Alt: drawn.Alt, Image: out.Blob, Ratio: Ratio{card.Width, card.Height},
	}}}, nil
}

// Update implements channel.Updater: the new post, then the end of the earlier
// one. Both may be done twice.
func (c *Channel) Update(ctx context.Context, post channel.Post) (channel.Result, error) {
	r, err := c.Deliver(ctx, post)
	if err != nil {
		return r, channel.Repeatable(err)
	}
	return r, c.remove(ctx, post)
}

// Withdraw implements channel.Withdrawer. deleteRecord of what is gone is no
// error.
func (c *Channel) Withdraw(ctx context.Context, post channel.Post) (channel.Result, error) {
	return c.result(post.Remote, 1), c.remove(ctx, post)
}

// remove deletes the earlier post, or all that may be there when its name is
// not known.
func (c *Channel) remove(ctx context.Context, post channel.Post) error {
	d := post.Delivery
	first := max(1, d.Revision-maxEarlierPosts)
	for rev := d.Revision - 1; rev >= first; rev-- {
		if post.Remote != "" && !strings.HasSuffix(post.Remote, "/"+TID(d.Publication, rev)) {
			continue
		}
		if err := c.erase(ctx, d.Publication, rev); err != nil {
			return err
		}
	}
	return nil
}

// erase deletes one revision's post and what follows it, the last first.
func (c *Channel) erase(ctx context.Context, publication string, revision int) error {
	keys := []string{}
	for n := channel.MaxThread; n >= 2 && c.cfg.Thread > 1; n-- {
		keys = append(keys, partTID(publication, revision, n))
	}
	for _, key := range append(keys, TID(publication, revision)) {
		err := c.procedure(ctx, "com.atproto.repo.deleteRecord", func(did string) any { return record{did, collection, key, nil} }, nil)
		if err != nil {
			return channel.Repeatable(err)
		}
	}
	return nil
}

func (c *Channel) result(uri string, posts int) channel.Result {
	return channel.Result{Remote: uri, At: c.deps.Now(), Units: posts, Delivered: true}
}

// Reconcile implements channel.Reconciler: the last record is there under its
// key, or not.
func (c *Channel) Reconcile(ctx context.Context, post channel.Post) (channel.Result, error) {
	body, err := channel.BodyOf[Body](post.Delivery.Rendition)
	if err != nil {
		return channel.Result{}, err
	}
	s, err := c.begin(ctx, nil)
	if err != nil {
		return channel.Result{}, err
	}
	first := TID(post.Delivery.Publication, post.Delivery.Revision)
	key := first
	if n := len(body.More); n > 0 {
		key = partTID(post.Delivery.Publication, post.Delivery.Revision, n+1)
	}
	q := url.Values{"repo": {s.did}, "collection": {collection}, "rkey": {key}}
	err = c.query(ctx, "com.atproto.repo.getRecord", q, nil)
	var said *refusal
	if errors.As(err, &said) && (said.code == "RecordNotFound" || strings.Contains(said.message, "Could not locate record")) {
		return channel.Result{}, channel.NeverPosted("bluesky")
	}
	if err != nil {
		return channel.Result{}, channel.Repeatable(err)
	}
	return c.result("at://"+s.did+"/"+collection+"/"+first, 1+len(body.More)), nil
}
