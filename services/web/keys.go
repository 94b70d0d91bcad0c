package web

import (
	"errors"
	"fmt"
	"html/template"
	"slices"
	"text/template/parse"
)

// checkKeys finds every {{T "key"}} of a template set whose key no catalogue has.
func checkKeys(page string, set *template.Template, catalogue *Catalogue) error {
	var missing []string
	for _, tmpl := range set.Templates() {
		if tmpl.Tree == nil {
			continue
		}
		walk(tmpl.Tree.Root, func(key string) {
			if !catalogue.Has(key) && !slices.Contains(missing, key) {
				missing = append(missing, key)
			}
		})
	}
	var problems []error
	for _, key := range missing {
		problems = append(problems, fmt.Errorf("web: page %q: text key %q is in no catalogue", page, key))
	}
	return errors.Join(problems...)
}

// walk calls visit for the literal first argument of every call of T.
func walk(node parse.Node, visit func(key string)) {
	switch n := node.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, child := range n.Nodes {
				walk(child, visit)
			}
		}
	case *parse.IfNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.RangeNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.WithNode:
		walkBranch(&n.BranchNode, visit)
	case *parse.ActionNode:
		walk(n.Pipe, visit)
	case *parse.TemplateNode:
		walk(n.Pipe, visit)
	case *parse.PipeNode:
		if n != nil {
			for _, command := range n.Cmds {
				walk(command, visit)
			}
		}
	case *parse.CommandNode:
		walkCommand(n, visit)
	}
}

func walkBranch(n *parse.BranchNode, visit func(string)) {
	walk(n.Pipe, visit)
	walk(n.List, visit)
	walk(n.ElseList, visit)
}

func walkCommand(n *parse.CommandNode, visit func(string)) {
	if len(n.Args) > 1 {
		name, isName := n.Args[0].(*parse.IdentifierNode)
		key, isText := n.Args[1].(*parse.StringNode)
		if isName && isText && name.Ident == "T" {
			visit(key.Text)
		}
	}
	for _, arg := range n.Args {
		walk(arg, visit)
	}
}
