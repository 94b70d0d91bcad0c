package bluesky

import "github.com/crieur/crieur/events/run"

// SignIn gives the channel a session, so that a fault is of the post.
func (c *Channel) SignIn(did string) {
	c.session = &session{did: did, access: run.NewSecret("access-0"), refresh: run.NewSecret("refresh-0")}
}
