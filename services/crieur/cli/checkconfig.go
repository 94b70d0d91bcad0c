package cli

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/crieur/crieur/events/call"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/events/topic"
	"github.com/crieur/crieur/services/crieur/config"
	"github.com/crieur/crieur/services/publisher"
)

type checkConfigCmd struct {
	File string `arg:"" type:"existingfile" help:"The file to read."`
}

func (c checkConfigCmd) Run(g *globals) error {
	cfg, err := config.Read(c.File, connectors{})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(g.stdout, "%s is right: %d authorities, %d sources, %d streams, %d channels, %d signs, %d officers.\n", c.File,
		len(cfg.Authorities), len(cfg.Sources), len(cfg.Streams), len(cfg.Channels), len(cfg.Signs), len(cfg.Officers)); err != nil {
		return err
	}
	if err := doubts(g, cfg); err != nil {
		return err
	}
	if err := roomOfSMS(g, cfg); err != nil {
		return err
	}
	return tell(g, cfg)
}

// doubts prints what may be right and is rather a slip: a first password that is
// not there, for whoever has an account needs his no more; a source that a rule
// names, for it may be one of the console's; a topic of none of the normalizer's.
func doubts(g *globals, cfg *config.Config) error {
	var list []string
	for _, o := range cfg.Officers {
		if o.PasswordFile == "" {
			continue
		}
		if _, err := os.Stat(o.PasswordFile); err != nil {
			list = append(list, fmt.Sprintf("officer %s: password_file: %v. It is read until the account exists.", o.ID, err))
		}
	}
	for _, s := range cfg.Streams {
		for _, ref := range s.Rule.Sources {
			authority, id, both := strings.Cut(ref, "/")
			if !both {
				authority, id = s.Authority, ref
			}
			if !slices.ContainsFunc(cfg.Sources, func(src registry.Source) bool { return src.Authority == authority && src.ID == id }) {
				list = append(list, fmt.Sprintf("stream %s/%s: rule.sources: this file has no source %q. Is it made in the console?", s.Authority, s.ID, ref))
			}
		}
		for _, slug := range s.Rule.Topics {
			if !slices.ContainsFunc(topic.All(), func(t topic.Topic) bool { return t.Slug == slug }) {
				list = append(list, fmt.Sprintf("stream %s/%s: rule.topics: no message gets the topic %q by itself.", s.Authority, s.ID, slug))
			}
		}
	}
	for _, text := range list {
		if _, err := fmt.Fprintf(g.stdout, "\n%s\n", text); err != nil {
			return err
		}
	}
	return nil
}

// mostFixed is half of an SMS of one part.
const mostFixed = 80

// roomOfSMS warns where the links of an SMS leave little room for what it says.
func roomOfSMS(g *globals, cfg *config.Config) error {
	portal := strings.TrimRight(cmp.Or(cfg.ShortURL, cfg.PublicURL), "/")
	for _, ch := range cfg.Channels {
		if n := publisher.LinksOfSMS(ch.Kind, portal); n > mostFixed {
			_, err := fmt.Fprintf(g.stdout, "\nThe links of an SMS take %d of its 160 characters: a shorter address of your own, as shortURL, leaves them to what it says.\n", n)
			return err
		}
	}
	return nil
}

// told says in words where each kind of address belongs.
func told(what call.InboundKind) string {
	switch what {
	case call.InboundBounces:
		return "mails that come back: the mail server posts each here, by an alias such as |curl --data-binary @- ADDRESS"
	case call.InboundReceipts:
		return "delivery reports: paste it into the provider's console as the web hook of receipts"
	default:
		return "answers, such as STOP: paste it into the provider's console as the web hook of incoming messages"
	}
}

// tell prints the addresses that providers have to be told. The tokens in them
// follow from the channels' secrets, so that they are those of the running
// service.
func tell(g *globals, cfg *config.Config) error {
	public := strings.TrimRight(cfg.PublicURL, "/")
	first := true
	for _, ch := range cfg.Channels {
		list, err := publisher.Addresses(specOf(ch), idle(public))
		if err != nil {
			return err
		}
		for _, at := range list {
			if first {
				first = false
				if _, err := fmt.Fprintln(g.stdout, "\nTo be told to providers. Whoever knows one of these addresses may call it; keep them as you keep passwords."); err != nil {
					return err
				}
			}
			if _, err := fmt.Fprintf(g.stdout, "\n%s/%s, %s:\n  %s\n", ch.Authority, ch.ID, told(at.What), at.URL.Reveal()); err != nil {
				return err
			}
		}
	}
	return nil
}
