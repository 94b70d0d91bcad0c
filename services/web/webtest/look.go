package webtest

// Look holds the page that is open to the rules, as it is shown on both screens
// and in both colours, and keeps its pictures under name.
func (b *Browser) Look(name string) {
	b.t.Helper()
	for _, screen := range []struct {
		name string
		size Size
		dark bool
	}{{"desktop", Desktop(), false}, {"dark", Desktop(), true}, {"telephone", Telephone(), false}} {
		b.Resize(screen.size)
		b.Dark(screen.dark)
		for _, v := range b.Axe() {
			b.t.Errorf("%s, %s: %s", name, screen.name, v)
		}
		if wide := b.Overflow(); len(wide) > 0 {
			b.t.Errorf("%s, %s: wider than the screen: %v", name, screen.name, wide)
		}
		b.Keep(name+"-"+screen.name, !screen.size.Touch)
		if screen.size.Touch {
			b.Keep(name+"-"+screen.name+"-whole", true)
		}
	}
	b.Dark(false)
	b.Resize(Desktop())
}
