package run

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// Logger returns a logger that writes to w in a format, text or json, from a
// level on: debug, info, warn or error. Times are UTC. Records made with a
// context that is traced carry trace. An attribute whose key names a secret,
// and the password of a URL, are redacted, whatever their type.
func Logger(w io.Writer, format, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level %q: want debug, info, warn or error", level)
	}
	options := &slog.HandlerOptions{Level: l, ReplaceAttr: redact}
	switch format {
	case "text":
		return slog.New(traced{slog.NewTextHandler(w, options)}), nil
	case "json":
		return slog.New(traced{slog.NewJSONHandler(w, options)}), nil
	}
	return nil, fmt.Errorf("log format %q: want text or json", format)
}

func redact(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime {
		return slog.Time(a.Key, a.Value.Time().UTC())
	}
	if a.Value.Kind() == slog.KindAny {
		switch v := a.Value.Any().(type) {
		case Secret:
			return slog.String(a.Key, v.String())
		case *Secret:
			return slog.String(a.Key, Redacted)
		case *url.URL:
			if v != nil {
				return slog.String(a.Key, v.Redacted())
			}
		}
	}
	if namesSecret(a.Key) && !a.Value.Equal(slog.StringValue("")) {
		return slog.String(a.Key, Redacted)
	}
	return a
}

func namesSecret(key string) bool {
	key = strings.ToLower(key)
	for _, word := range []string{"password", "passphrase", "secret", "token", "authorization", "cookie", "api_key", "apikey", "private_key"} {
		if key == word || strings.HasSuffix(key, "_"+word) || strings.HasSuffix(key, "-"+word) {
			return true
		}
	}
	return false
}

// traced adds the trace's identifier to the records of a traced context.
type traced struct{ slog.Handler }

func (h traced) Handle(ctx context.Context, r slog.Record) error {
	if s := trace.SpanContextFromContext(ctx); s.HasTraceID() {
		r.AddAttrs(slog.String("trace", s.TraceID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{h.Handler.WithAttrs(attrs)} }

func (h traced) WithGroup(name string) slog.Handler { return traced{h.Handler.WithGroup(name)} }
