package vault

// FormatID is formatID, for tests that make many subscribers.
func FormatID(n uint64) string { return formatID(n) }
