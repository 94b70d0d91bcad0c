package publisher

import (
	"fmt"
	"maps"
	"slices"

	"github.com/crieur/crieur/events"
	"github.com/crieur/crieur/events/registry"
	"github.com/crieur/crieur/services/publisher/channel"
	"github.com/crieur/crieur/services/publisher/channel/bluesky"
	"github.com/crieur/crieur/services/publisher/channel/email"
	"github.com/crieur/crieur/services/publisher/channel/facebook"
	"github.com/crieur/crieur/services/publisher/channel/feed"
	"github.com/crieur/crieur/services/publisher/channel/gammu"
	"github.com/crieur/crieur/services/publisher/channel/mastodon"
	"github.com/crieur/crieur/services/publisher/channel/ntcip"
	"github.com/crieur/crieur/services/publisher/channel/push"
	"github.com/crieur/crieur/services/publisher/channel/sign"
	"github.com/crieur/crieur/services/publisher/channel/slack"
	"github.com/crieur/crieur/services/publisher/channel/sms"
	"github.com/crieur/crieur/services/publisher/channel/smshttp"
	"github.com/crieur/crieur/services/publisher/channel/telegram"
	"github.com/crieur/crieur/services/publisher/channel/webhook"
	"github.com/crieur/crieur/services/publisher/panel"
)

// Kinds returns every channel kind: the one place to add one.
func Kinds() map[string]channel.Factory {
	return map[string]channel.Factory{
		bluesky.Kind:  {New: bluesky.New},
		email.Kind:    email.NewFactory(),
		facebook.Kind: {New: facebook.New},
		feed.Kind:     feed.NewFactory(),
		gammu.Kind:    {New: gammu.New, Carries: channel.CarriesSMS},
		mastodon.Kind: {New: mastodon.New},
		ntcip.Kind:    {New: ntcip.New},
		push.Kind:     push.NewFactory(),
		sign.Kind:     {New: sign.New, Routes: sign.Routes},
		slack.Kind:    {New: slack.New},
		sms.Kind:      {New: sms.New, Carries: channel.CarriesSMS},
		smshttp.Kind:  smshttp.NewFactory(),
		telegram.Kind: {New: telegram.New},
		webhook.Kind:  {New: webhook.New},
	}
}

// KindNames returns the channel kinds, sorted.
func KindNames() []string { return slices.Sorted(maps.Keys(Kinds())) }

// CheckFallback tells why a channel of one kind cannot be taken over by one of
// another: they must carry the same.
func CheckFallback(kind, other string) error {
	kinds := Kinds()
	if carries := kinds[kind].Carries; carries == "" || carries != kinds[other].Carries {
		return fmt.Errorf("a channel of kind %s cannot take over from one of kind %s: it does not carry the same", other, kind)
	}
	return nil
}

// Check validates a channel's settings without dialling: what an officer's
// form and check-config ask.
func Check(spec channel.Spec, deps channel.Deps) error {
	_, err := build(spec, deps)
	return err
}

// CheckSign tells why a channel cannot show a sign: an events.FieldError.
func CheckSign(spec channel.Spec, s registry.Sign, deps channel.Deps) error {
	ch, err := build(spec, deps)
	if err != nil {
		return nil // Check tells it
	}
	profiles, ok := ch.(interface {
		Profile(registry.Sign) (panel.Profile, bool)
	})
	if !ok {
		return &events.FieldError{Stage: "sign", Field: "channel", Problem: fmt.Sprintf("%q is of kind %s, which shows no signs of this list", spec.ID, spec.Kind)}
	}
	if _, ok := profiles.Profile(s); !ok {
		return &events.FieldError{Stage: "sign", Field: "profile", Problem: fmt.Sprintf("channel %q knows no %q", spec.ID, s.Profile)}
	}
	return nil
}

func build(spec channel.Spec, deps channel.Deps) (channel.Channel, error) {
	factory, ok := Kinds()[spec.Kind]
	if !ok {
		return nil, spec.Invalid("kind: there is none of that name; there are %v", KindNames())
	}
	return factory.New(spec, deps)
}

// LinksOfSMS is how many septets the links of a service SMS take at an address
// of the portal; 0 for a kind that carries none.
func LinksOfSMS(kind, portal string) int {
	if Kinds()[kind].Carries != channel.CarriesSMS {
		return 0
	}
	return sms.FixedSeptets(portal)
}
