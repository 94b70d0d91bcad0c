package media

import (
	"archive/zip"
	"bytes"
	"mime"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// A kind is a form of file that is kept. The binary forms of old office programs are
// none: not all of their macros can be seen.
type kind struct {
	ext, mediaType string
	// holds reports whether a body is what its name says.
	holds func(body []byte) bool
	// shown inside the site; the others are downloaded.
	shown bool
}

func kinds() [9]kind {
	return [...]kind{
		{ext: ".jpg", mediaType: "image/jpeg", holds: begins("\xff\xd8\xff"), shown: true},
		{ext: ".pdf", mediaType: "application/pdf", holds: begins("%PDF-")},
		{ext: ".ics", mediaType: "text/calendar", holds: calendar},
		{ext: ".docx", mediaType: "application/vnd.openxmlformats-officedocument.wordprocessingml.document", holds: openXML("word/")},
		{ext: ".xlsx", mediaType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", holds: openXML("xl/")},
		{ext: ".pptx", mediaType: "application/vnd.openxmlformats-officedocument.presentationml.presentation", holds: openXML("ppt/")},
		{ext: ".odt", mediaType: "application/vnd.oasis.opendocument.text", holds: openDocument},
		{ext: ".ods", mediaType: "application/vnd.oasis.opendocument.spreadsheet", holds: openDocument},
		{ext: ".odp", mediaType: "application/vnd.oasis.opendocument.presentation", holds: openDocument},
	}
}

// kindOf finds the form of a file by its name, and by its type where the name says
// none: many mails call everything application/octet-stream.
func kindOf(name, contentType string) (kind, bool) {
	ext := strings.ToLower(path.Ext(name))
	if ext == ".jpeg" {
		ext = ".jpg"
	}
	mediaType, _, _ := mime.ParseMediaType(contentType)
	list := kinds()
	at := slices.IndexFunc(list[:], func(k kind) bool {
		return k.ext == ext || ext == "" && k.mediaType == mediaType
	})
	if at < 0 {
		return kind{}, false
	}
	return list[at], true
}

// Accepts reports whether a file of this name and type may be kept, before it is read.
func Accepts(name, contentType string) bool {
	_, ok := kindOf(name, contentType)
	return ok
}

func begins(with string) func([]byte) bool {
	return func(body []byte) bool { return bytes.HasPrefix(body, []byte(with)) }
}

func calendar(body []byte) bool {
	return bytes.HasPrefix(body, []byte("BEGIN:VCALENDAR")) && utf8.Valid(body)
}

// openXML reads the names in an archive (ISO/IEC 29500-2): those of its form, and no
// macro.
func openXML(folder string) func([]byte) bool {
	return func(body []byte) bool {
		names, ok := archive(body)
		return ok && slices.Contains(names, "[content_types].xml") &&
			slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, folder) }) &&
			!slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, "vbaproject.bin") })
	}
}

// openDocument reads likewise the names of OpenDocument 1.3, part 2.
func openDocument(body []byte) bool {
	names, ok := archive(body)
	return ok && slices.Contains(names, "content.xml") && names[0] == "mimetype" &&
		!slices.ContainsFunc(names, func(n string) bool {
			return strings.HasPrefix(n, "basic/") || strings.HasPrefix(n, "scripts/")
		})
}

// archive lists the names of a ZIP archive in lower case, without opening any.
func archive(body []byte) (names []string, ok bool) {
	r, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil || len(r.File) == 0 {
		return nil, false
	}
	for _, f := range r.File {
		names = append(names, strings.ToLower(strings.ReplaceAll(f.Name, `\`, "/")))
	}
	return names, true
}

// anonymous drops from a calendar who was invited and by whom, and what makes it an
// invitation to answer (RFC 5546): what remains is put in a calendar as it is.
func anonymous(body []byte) []byte {
	var out bytes.Buffer
	dropped := false
	for line := range bytes.Lines(body) {
		if folded := line[0] == ' ' || line[0] == '\t'; !folded {
			name := string(bytes.ToUpper(line[:max(0, bytes.IndexAny(line, ":;"))]))
			dropped = name == "ATTENDEE" || name == "ORGANIZER" || name == "CONTACT" || name == "METHOD"
		}
		if !dropped {
			out.Write(line)
		}
	}
	return out.Bytes()
}
