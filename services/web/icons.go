package web

import (
	"fmt"
	"html/template"
)

// iconSVG draws an icon of a 24 by 24 grid in the colour of the text. It is decoration: the word beside it speaks.
func iconSVG(name string) (template.HTML, error) {
	path := iconPath(name)
	if path == "" {
		return "", fmt.Errorf("icon %q: not one of Icons", name)
	}
	//nolint:gosec // name has matched a constant
	return template.HTML(`<svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false"><path d="` + path + `"/></svg>`), nil
}

// Icons are the names that {{icon}} draws.
func Icons() []string {
	return []string{
		"alert", "arrow", "back", "bell", "calendar", "chart", "check", "circle", "clock", "copy", "cross", "download", "edit", "eye",
		"external", "filter", "flag", "home", "hourglass", "inbox", "info", "list", "lock", "mail", "megaphone", "merge", "pause", "phone",
		"pin", "plus", "print", "rss", "search", "send", "settings", "shield", "sign", "sms", "tag", "user", "users", "wrench",
	}
}

// iconPath holds drawings of our own, strokes of 2 on a grid of 24.
func iconPath(name string) string {
	switch name {
	case "alert":
		return "M12 3.5 22 20.5H2ZM12 10v4.5M12 17.4v.2"
	case "arrow":
		return "M4 12h15M13 6l6 6-6 6"
	case "back":
		return "M20 12H5M11 6l-6 6 6 6"
	case "bell":
		return "M12 3v1.5M6 17V11a6 6 0 0 1 12 0v6l2 2H4ZM10 21.5h4"
	case "calendar":
		return "M4 6h16v14H4ZM4 10.5h16M8 3v4M16 3v4"
	case "chart":
		return "M4 4v16h16M8.5 16v-4M13 16V8M17.5 16v-6"
	case "check":
		return "M4.5 12.5 10 18 20 6.5"
	case "circle":
		return "M12 5a7 7 0 1 0 0 14a7 7 0 0 0 0-14Z"
	case "clock":
		return "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18ZM12 7.5V12l3.5 2.5"
	case "copy":
		return "M8 8h12v12H8zM16 8V4H4v12h4"
	case "cross":
		return "M5.5 5.5l13 13M18.5 5.5l-13 13"
	case "download":
		return "M12 3.5V15M7 10.5l5 5 5-5M4 20h16"
	case "edit":
		return "M4 20l1-4.5L16.5 4 20 7.5 8.5 19ZM14 6.5l3.5 3.5"
	case "eye":
		return "M2 12s3.6-6.5 10-6.5S22 12 22 12s-3.6 6.5-10 6.5S2 12 2 12ZM12 9.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 0 0 0-5Z"
	case "external":
		return "M13 4h7v7M20 4l-9.5 9.5M17 14v6H4V7h6"
	case "filter":
		return "M3.5 5h17L14 13v6l-4-2v-4Z"
	case "flag":
		return "M5 21V4h12l-2 4 2 4H5"
	case "home":
		return "M3.5 11.5 12 4l8.5 7.5M6 10v10h12V10M10 20v-5h4v5"
	}
	return iconPathToZ(name)
}

func iconPathToZ(name string) string {
	switch name {
	case "hourglass":
		return "M6 3h12M6 21h12M7.5 3c0 5 4.5 6 4.5 9s-4.5 4-4.5 9M16.5 3c0 5-4.5 6-4.5 9s4.5 4 4.5 9"
	case "inbox":
		return "M3.5 13.5 6.5 4.5h11l3 9V20h-17ZM3.5 13.5H8.5l1.5 3h4l1.5-3h5"
	case "info":
		return "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18ZM12 11v6M12 7.2v.2"
	case "list":
		return "M9 6h11M9 12h11M9 18h11M4.5 6h.2M4.5 12h.2M4.5 18h.2"
	case "lock":
		return "M5 11h14v9H5ZM8 11V8a4 4 0 0 1 8 0v3"
	case "mail":
		return "M3.5 5.5h17v13h-17ZM3.5 7l8.5 6.5L20.5 7"
	case "megaphone":
		return "M4 10v4.5h3.5L17 19V5.5L7.5 10ZM8 14.5 9.5 20h2.8l-1-4.2M20 10v4.5"
	case "merge":
		return "M6 4v3c0 5 6 4 6 9v4M18 4v3c0 5-6 4-6 9M9 17l3 3.5 3-3.5"
	case "pause":
		return "M8 5v14M16 5v14"
	case "phone":
		return "M7 2.5h10v19H7ZM11 18.5h2"
	case "pin":
		return "M12 21.5s7-6.5 7-12a7 7 0 0 0-14 0c0 5.5 7 12 7 12ZM12 7a2.5 2.5 0 1 0 0 5a2.5 2.5 0 0 0 0-5Z"
	case "plus":
		return "M12 4.5v15M4.5 12h15"
	case "print":
		return "M7 9V3.5h10V9M7 17H3.5V9h17v8H17M7 14h10v6.5H7Z"
	case "rss":
		return "M5 12a7 7 0 0 1 7 7M5 5a14 14 0 0 1 14 14M5.5 18.5h.2"
	case "search":
		return "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13ZM15.5 15.5 21 21"
	case "send":
		return "M21 3 3 10.5l7 3.5 3.5 7ZM10 14 21 3"
	case "settings":
		return "M4 7h9M17 7h3M15 4.5v5M4 17h3M11 17h9M9 14.5v5"
	case "shield":
		return "M12 3l8 3v6c0 5-3.5 8-8 9.5C7.5 20 4 17 4 12V6ZM8.5 12l2.5 2.5 4.5-5"
	case "sign":
		return "M3 4h18v11H3ZM7 8h10M7 11.5h6M12 15v6.5"
	case "sms":
		return "M3.5 4.5h17v12H11l-5 4v-4H3.5ZM8 9h8M8 12.5h5"
	case "tag":
		return "M3.5 4v8l9 8.5 8-8-9-8.5ZM8 8.5h.2"
	case "user":
		return "M12 4a4 4 0 1 0 0 8a4 4 0 0 0 0-8ZM4 20.5c.5-4 3.5-5.5 8-5.5s7.5 1.5 8 5.5"
	case "users":
		return "M9 5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 0 0 0-7ZM2.5 19.5c.3-3.5 2.700-4.5 6.5-4.5s6.200 1 6.5 4.5M16 5.5a3.300 3.300 0 0 1 0 6.200M18 15.300c2.200.5 3.300 1.700 3.5 4.200"
	case "wrench":
		return "M20.5 7a5.5 5.5 0 0 1-7.5 6l-6.5 7.5-3-3L11 11a5.5 5.5 0 0 1 6-7.5L14 6.5l3.5 3.5Z"
	}
	return ""
}
