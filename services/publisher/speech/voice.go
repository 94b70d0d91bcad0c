package speech

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"mime"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/crieur/crieur/events"
)

// Config says who speaks. Without a command nobody does.
type Config struct {
	// Command reads a text in UTF-8 on its standard input and writes audio on
	// its standard output. {language} in an argument is the text's: fr, en.
	Command []string
	// Languages are those that it speaks, without region: fr, en.
	Languages []string
	Type      string        // media type of the audio; default audio/wav
	Timeout   time.Duration // of one text; default 30s
	MaxBytes  int           // of one file; default 16 MiB
}

const (
	defaultType     = "audio/wav"
	defaultTimeout  = 30 * time.Second
	defaultMaxBytes = 16 << 20
	// waitDelay is how long what a killed command left open is waited for.
	waitDelay = time.Second
)

// extensions of the types that feeds' readers play.
func extensions() map[string]string {
	return map[string]string{
		"audio/wav": "wav", "audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/mp4": "m4a", "audio/flac": "flac", "audio/webm": "webm",
	}
}

// load checks a configuration and fills its defaults.
func (c *Config) load() error {
	if c.Type == "" {
		c.Type = defaultType
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = defaultMaxBytes
	}
	kind, _, err := mime.ParseMediaType(c.Type)
	switch {
	case len(c.Command) == 0 || c.Command[0] == "":
		return errors.New("command: required")
	case len(c.Languages) == 0:
		return errors.New("languages: required")
	case slices.ContainsFunc(c.Languages, func(l string) bool { return !isPrimary(l) }):
		return fmt.Errorf("languages: %q must be languages without region, such as fr", c.Languages)
	case err != nil || extensions()[kind] == "":
		return fmt.Errorf("type: %q is not audio/wav, mpeg, ogg, mp4, flac or webm", c.Type)
	case c.Timeout < time.Second || c.Timeout > 10*time.Minute:
		return errors.New("timeout: 1s to 10m")
	case c.MaxBytes < 1<<10 || c.MaxBytes > 256<<20:
		return errors.New("max bytes: 1 KiB to 256 MiB")
	}
	return nil
}

// Validate names the first setting that is wrong.
func (c Config) Validate() error { return c.load() }

// isPrimary: a primary language subtag (BCP 47), in lower case. It begins no
// option of a command.
func isPrimary(l string) bool {
	return len(l) >= 2 && len(l) <= 3 && strings.Trim(l, "abcdefghijklmnopqrstuvwxyz") == ""
}

// errTooLarge tells that the command wrote more than it may.
var errTooLarge = errors.New("more audio than max bytes")

// limited keeps what is written, to a limit.
type limited struct {
	bytes.Buffer
	max int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > l.max {
		return 0, errTooLarge
	}
	return l.Buffer.Write(p)
}

// say runs the command. Its errors tell nothing of the text.
func (c Config) say(ctx context.Context, language, text string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	args := slices.Clone(c.Command[1:])
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "{language}", events.PrimaryLanguage(language))
	}
	out := &limited{max: c.MaxBytes}
	cmd := exec.CommandContext(ctx, c.Command[0], args...) //nolint:gosec // the operator's
	cmd.Stdin, cmd.Stdout = strings.NewReader(text), out
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = waitDelay
	err := cmd.Run()
	switch {
	case errors.Is(err, errTooLarge):
		return nil, events.Permanent(events.ReasonTooLarge, fmt.Errorf("speech: %w", errTooLarge))
	case ctx.Err() != nil:
		return nil, events.Transient(events.ReasonTimeout, fmt.Errorf("speech: command: %w", ctx.Err()), 0)
	case err != nil:
		return nil, events.Transient(events.ReasonUnavailable, fmt.Errorf("speech: command: %w", err), 0)
	case out.Len() == 0:
		return nil, events.Transient(events.ReasonUnavailable, errors.New("speech: command: it wrote no audio"), 0)
	}
	return withLengths(out.Bytes()), nil
}

// withLengths corrects the lengths in a WAV file's header: a program that
// writes to a pipe does not know them, and players then show hours.
func withLengths(wav []byte) []byte {
	const header = 12
	if len(wav) < header || string(wav[:4]) != "RIFF" || string(wav[8:header]) != "WAVE" {
		return wav
	}
	binary.LittleEndian.PutUint32(wav[4:], uint32(len(wav)-8)) //nolint:gosec // bounded by MaxBytes
	for at := header; at+8 <= len(wav); {
		size := int(binary.LittleEndian.Uint32(wav[at+4:]))
		if left := len(wav) - at - 8; string(wav[at:at+4]) == "data" {
			binary.LittleEndian.PutUint32(wav[at+4:], uint32(left)) //nolint:gosec // bounded by MaxBytes
			break
		}
		at += 8 + size + size%2
	}
	return wav
}
