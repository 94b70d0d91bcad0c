package email

// ReturnPath is the envelope's sender of a subscriber's mails.
func ReturnPath(c *Channel, subscriber string) string { return c.cfg.returnPath(subscriber) }
