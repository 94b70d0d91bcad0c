package email

// ReturnPath is the envelope's sender of a subscriber's mails.
func ReturnPath(c *Channel, subscriber string) string { return c.cfg.returnPath(subscriber) }

// Verdict is the meaning of an answer to RCPT TO.
func Verdict(code int, enhanced string) error { return verdict(stepRcpt, code, enhanced) }
