package vault

import "time"

// FormatID is formatID, for tests that make many subscribers.
func FormatID(n uint64) string { return formatID(n) }

// SealedRecord is a confirmed subscriber who is stored nowhere.
func SealedRecord(m *Master, ordinal uint32, authority, kind, address string, at time.Time) (Record, error) {
	id := newID()
	key, wrapped := m.newKey(id)
	sealed, err := seal(key, id, kind, address)
	return Record{
		ID: id, Ordinal: ordinal, Authority: authority, Key: wrapped, CreatedAt: at, ConfirmedAt: at,
		Contacts: []Contact{{Kind: kind, Sealed: sealed, ConfirmedAt: at}},
	}, err
}
