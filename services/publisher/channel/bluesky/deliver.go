package bluesky

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/services/publisher/channel"
)

// record is com.atproto.repo.putRecord and deleteRecord.
type record struct {
	Repo       string `json:"repo"`
	Collection string `json:"collection"`
	Key        string `json:"rkey"`
	Record     any    `json:"record,omitempty"`
}

// Deliver implements channel.Endpoint.
func (c *Channel) Deliver(ctx context.Context, post channel.Post) (channel.Result, error) {
	body, err := channel.BodyOf[Body](post.Delivery.Rendition)
	if err != nil {
		return channel.Result{}, err
	}
	var put struct {
		URI string `json:"uri"`
	}
	key := TID(post.Delivery.Publication, post.Delivery.Revision)
	err = c.procedure(ctx, "com.atproto.repo.putRecord", func(did string) any { return record{did, collection, key, body} }, &put)
	if err != nil {
		return channel.Result{}, err
	}
	if put.URI == "" {
		return channel.Result{}, events.Transient(events.ReasonAmbiguous, errors.New("bluesky: putRecord: the answer has no uri"), 0)
	}
	return c.result(put.URI), nil
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
	return c.result(post.Remote), c.remove(ctx, post)
}

// remove deletes the earlier post, or all that may be there when its name is
// not known.
func (c *Channel) remove(ctx context.Context, post channel.Post) error {
	d := post.Delivery
	keys := []string{}
	if post.Remote != "" {
		keys = append(keys, post.Remote[strings.LastIndexByte(post.Remote, '/')+1:])
	} else {
		for rev := d.Revision - 1; rev >= 1 && len(keys) < maxEarlierPosts; rev-- {
			keys = append(keys, TID(d.Publication, rev))
		}
	}
	for _, key := range keys {
		if key == TID(d.Publication, d.Revision) {
			continue
		}
		err := c.procedure(ctx, "com.atproto.repo.deleteRecord", func(did string) any { return record{did, collection, key, nil} }, nil)
		if err != nil {
			return channel.Repeatable(err)
		}
	}
	return nil
}

func (c *Channel) result(uri string) channel.Result {
	return channel.Result{Remote: uri, At: c.deps.Now(), Units: 1, Delivered: true}
}

// Reconcile implements channel.Reconciler: the record is there under its key,
// or not.
func (c *Channel) Reconcile(ctx context.Context, post channel.Post) (channel.Result, error) {
	s, err := c.begin(ctx, nil)
	if err != nil {
		return channel.Result{}, err
	}
	key := TID(post.Delivery.Publication, post.Delivery.Revision)
	q := url.Values{"repo": {s.did}, "collection": {collection}, "rkey": {key}}
	var got struct {
		URI string `json:"uri"`
	}
	err = c.query(ctx, "com.atproto.repo.getRecord", q, &got)
	var said *refusal
	if errors.As(err, &said) && (said.code == "RecordNotFound" || strings.Contains(said.message, "Could not locate record")) {
		return channel.Result{}, events.Permanentf(events.ReasonTimeout, "bluesky: the post was never made")
	}
	if err != nil {
		return channel.Result{}, channel.Repeatable(err)
	}
	if got.URI == "" {
		got.URI = fmt.Sprintf("at://%s/%s/%s", s.did, collection, key)
	}
	return c.result(got.URI), nil
}
