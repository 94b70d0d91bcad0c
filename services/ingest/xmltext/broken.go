package xmltext

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// Broken tells of a decoder's error on text, which Clean made of body, what is
// wrong with body: the line where it is not well-formed, from 1, or that it is
// cut. It quotes no part of it. Another error comes back as it is.
func Broken(err error, body, text []byte) error {
	var syntax *xml.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &syntax) && syntax.Msg == "unexpected EOF":
		return errors.New("cut before its end")
	case errors.As(err, &syntax):
		before := bytes.Count(body, []byte("\n")) - bytes.Count(text, []byte("\n"))
		return fmt.Errorf("not well-formed on line %d", max(before, 0)+syntax.Line)
	}
	return err
}
