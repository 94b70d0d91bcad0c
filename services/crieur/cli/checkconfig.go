package cli

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/crieur/crieur/events/call"
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
	if err := roomOfSMS(g, cfg); err != nil {
		return err
	}
	return tell(g, cfg)
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
