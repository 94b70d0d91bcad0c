package webtest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Violation is one rule that a page breaks.
type Violation struct {
	Rule   string   // dequeuniversity.com/rules/axe
	Help   string   // what the rule asks
	Impact string   // minor, moderate, serious or critical
	Nodes  []string // selectors, with what is wrong of each
}

func (v Violation) String() string {
	return fmt.Sprintf("%s (%s): %s\n    %s", v.Rule, v.Impact, v.Help, strings.Join(v.Nodes, "\n    "))
}

// Axe runs the rules over the page as it is shown: WCAG 2.2 A and AA, on which
// RGAA 4.1 is built, and axe's good practices.
func (b *Browser) Axe() []Violation {
	b.t.Helper()
	_, here, _, _ := runtime.Caller(0)
	rules, err := os.ReadFile(filepath.Join(filepath.Dir(here), "testdata", "axe", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		b.t.Skip("axe-core is not installed: .ci/peers installs it")
	}
	b.Eval(nil, string(rules)+";undefined")
	var list []Violation
	b.Eval(&list, `axe.run(document, {resultTypes: ["violations"], rules: {"target-size": {enabled: true}}}).then((r) => r.violations.map((v) => ({
		Rule: v.id, Help: v.help, Impact: v.impact,
		Nodes: v.nodes.map((n) => n.target.join(" ") + " — " + (n.failureSummary || "").split("\n").slice(1).join(" ").trim()),
	})))`)
	return list
}

// Overflow names what is wider than the screen, which makes a page scroll
// sideways (WCAG 2.2, 1.4.10).
func (b *Browser) Overflow() []string {
	b.t.Helper()
	var list []string
	b.Eval(&list, `(() => {
		const root = document.documentElement;
		if (root.scrollWidth <= root.clientWidth) return [];
		return [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1)
			.slice(0, 5).map((e) => e.tagName.toLowerCase() + "." + e.className);
	})()`)
	return list
}
