// Package topic is the list of what messages are about (rubriques): the slug
// that events carry, and its name for officers and residents. The rules that
// choose a topic are the normalizer's, and may know fewer or more: an unknown
// slug is shown as it is.
package topic
