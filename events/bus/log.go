package bus

import (
	"log/slog"

	"github.com/ThreeDotsLabs/watermill"
)

// watermillLog writes watermill's log to slog with this project's keys. Fields
// that are not known to be harmless are dropped: watermill's router logs a
// message it could not send whole, body included.
type watermillLog struct{ log *slog.Logger }

var _ watermill.LoggerAdapter = watermillLog{}

// Error is at warn: the router's errors are handlers' errors, which are
// retried or buried.
func (l watermillLog) Error(msg string, err error, fields watermill.LogFields) {
	l.log.Warn("bus: "+msg, append(attrs(fields), "err", err)...)
}

func (l watermillLog) Info(msg string, fields watermill.LogFields) {
	l.log.Debug("bus: "+msg, attrs(fields)...)
}

func (l watermillLog) Debug(string, watermill.LogFields) {}
func (l watermillLog) Trace(string, watermill.LogFields) {}

func (l watermillLog) With(fields watermill.LogFields) watermill.LoggerAdapter {
	return watermillLog{l.log.With(attrs(fields)...)}
}

func attrs(fields watermill.LogFields) []any {
	var out []any
	for _, f := range []struct{ from, to string }{
		{"handler_name", "consumer"}, {"message_uuid", "message"}, {"count", "count"}, {"timeout", "timeout"},
	} {
		if v, ok := fields[f.from]; ok {
			out = append(out, f.to, v)
		}
	}
	return out
}
