package rewrite

import (
	"regexp"
	"strings"
)

// What mail programs and lists write around what a sender means to say.
var (
	passedOn = regexp.MustCompile(`(?i)^\s*((re|tr|fw|fwd|rép|réf|ts)\s*:\s*)+(\[[^\]\s]{2,40}\]\s*((re|tr|fw|fwd)\s*:\s*)*)?`)
	passing  = regexp.MustCompile(`(?i)(^|\s|\])(tr|fw|fwd)\s*:`)
	field    = regexp.MustCompile(`(?i)^[\s>*_]*(de|from|envoyé|sent|date|à|to|cc|objet|subject|répondre à|reply-to)[*_]*\s*:[*_]*\s*(.*)$`)
	divide   = regexp.MustCompile(`(?i)^[\s>]*(-{2,}|_{5,})?\s*(message (transféré|d[’']origine|original)|original message|forwarded message|début du (message|courriel) (transféré|réexpédié))[\s:]*(-{2,}|_{5,})?\s*$|^[\s>]*_{10,}\s*$`)
	wrote    = regexp.MustCompile(`(?i)^[\s>]*(le|on) .{5,200}\b(a écrit|wrote)\s*:\s*$`)
	closing  = regexp.MustCompile(`(?i)^\s*((bien|très|très bien) )?(cordialement|cdlt|cordiales salutations|sincères salutations|meilleures salutations|salutations distinguées|bonne (journée|soirée|réception)( à (tous|toutes et tous|vous))?)\s*[,.!]*\s*$`)
	secret   = regexp.MustCompile(`(?i)(confidentiel|confidential).*(destinataire|recipient|message|courriel|e-?mail)|(destinataire|recipient|message|courriel|e-?mail).*(confidentiel|confidential)|avant d[’']imprimer|before printing`)
	leave    = regexp.MustCompile(`(?i)^((se désabonner|se désinscrire|me désinscrire|désinscription|désabonnement|unsubscribe|(voir|afficher|ouvrir|consulter)( ce message| cet e-?mail| la version en ligne)?( dans (le|votre|un) navigateur| en ligne)?|version en ligne|view in browser|gérer (mes|vos) préférences)[\s|•·–-]*)+$`)
	leaving  = regexp.MustCompile(`(?is)<a\b[^>]*>\s*(<[^>]*>\s*)*(se désabonner|se désinscrire|me désinscrire|désinscription|désabonnement|unsubscribe|voir (ce message |cet e-?mail )?dans (le|votre|un) navigateur|version en ligne|view in browser)\s*(<[^>]*>\s*)*</a>(\s*\|)?`)
)

// Subject returns that of a mail without what says that it was passed on, and the
// name of the list that it went through then.
func Subject(s string) string {
	if bare := passedOn.ReplaceAllString(s, ""); strings.TrimSpace(bare) != "" {
		return bare
	}
	return s
}

// maxHeader is how many lines the header of a mail passed on has.
const maxHeader = 20

// maxSignature is what may follow a mail's last greeting, in bytes.
const maxSignature = 1000

// Letter returns of a mail's body, text or HTML, what its sender means to say:
// without the header of the mail that was passed on, those that it answers, its
// signature, and the notices at its end. subject tells whether it was passed on. A
// body with nothing of that stays as it is; else its text is kept, not its markup.
func Letter(src, subject string) string {
	src = leaving.ReplaceAllString(src, "")
	text := HTML(src, nil).Text
	lines := strings.Split(text, "\n")
	kept := said(lines, passing.MatchString(subject))
	kept = unsigned(kept)
	n := 0
	for _, l := range kept {
		if bare := strings.TrimSpace(l); !(bare != "" && leave.MatchString(bare) || len(l) > 40 && secret.MatchString(l)) {
			kept[n] = l
			n++
		}
	}
	left := strings.TrimSpace(strings.Join(kept[:n], "\n"))
	if left == "" || left == strings.TrimSpace(text) {
		return src
	}
	return left
}

// said are the lines that are of the mail itself, or of the one that it passes on
// where it says less than that.
func said(lines []string, passedOn bool) []string {
	for i := 0; i < len(lines); i++ {
		end := head822(lines, i)
		if wrote.MatchString(lines[i]) {
			end = i + 1
		}
		if end == i {
			continue
		}
		before, after := lines[:i], lines[end:]
		for len(before) > 0 && (strings.TrimSpace(before[len(before)-1]) == "" || divide.MatchString(before[len(before)-1])) {
			before = before[:len(before)-1]
		}
		if (passedOn && length(unsigned(before)) < length(after) || blankLines(before)) && !blankLines(after) {
			for j, l := range after {
				after[j] = strings.TrimLeft(l, "> ")
			}
			return said(after, false)
		}
		return before
	}
	return lines
}

// head822 is the end of the header of a mail that begins at a line, blank lines
// apart: at least who wrote, when, and the subject; the line itself without one.
func head822(lines []string, at int) int {
	end, seen := at, ""
	for i := at; i < min(len(lines), at+maxHeader); i++ {
		if strings.Trim(lines[i], "> \t") == "" {
			if seen == "" {
				return at
			}
			continue
		}
		m := field.FindStringSubmatch(lines[i])
		if m == nil || seen == "" && (m[2] == "" || m[2][0] >= '0' && m[2][0] <= '9') {
			break
		}
		seen += strings.ToLower(m[1]) + " "
		end = i + 1
	}
	who := strings.HasPrefix(seen, "de ") || strings.Contains(seen, "from ")
	when := strings.Contains(seen, "envoyé ") || strings.Contains(seen, "sent ") || strings.Contains(seen, "date ")
	if who && when && (strings.Contains(seen, "objet ") || strings.Contains(seen, "subject ")) {
		return end
	}
	return at
}

// unsigned drops what follows the last greeting of a mail, or the line of two
// dashes that begins a signature (RFC 3676 §4.3).
func unsigned(lines []string) []string {
	for i, l := range lines {
		ends := strings.TrimRight(l, " ") == "--" || closing.MatchString(l) && len(strings.Join(lines[i:], "\n")) <= maxSignature
		if ends && !blankLines(lines[:i]) {
			return lines[:i]
		}
	}
	return lines
}

func length(lines []string) int { return len(strings.TrimSpace(strings.Join(lines, "\n"))) }

func blankLines(lines []string) bool { return strings.TrimSpace(strings.Join(lines, "")) == "" }
