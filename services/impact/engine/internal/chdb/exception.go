package chdb

import (
	"regexp"
	"strconv"
	"strings"
)

// Exception is an error of ClickHouse, with its own code and words.
type Exception struct {
	Code    int // ClickHouse's error code, 0 when the message carries none
	Message string
}

func (e *Exception) Error() string { return e.Message }

// NewException reads the code out of ClickHouse's message, which starts with
// "Code: 60. DB::Exception: …".
func NewException(message string) *Exception {
	e := &Exception{Message: strings.TrimSpace(message)}
	if at := strings.Index(e.Message, "Code: "); at >= 0 {
		if m := regexp.MustCompile(`^Code: (\d+)`).FindStringSubmatch(e.Message[at:]); m != nil {
			e.Code, _ = strconv.Atoi(m[1])
			e.Message = e.Message[at:]
		}
	}
	return e
}
