// Package dedupe makes one message of all the sightings of an item, and one
// incident of the messages of several sources on the same thing.
//
// Decide compares what a raw says now with what was last emitted for its item:
// nothing new, an Update with the next revision, or a Cancel. Its State is kept
// by the caller under compare-and-set, written before the message is emitted
// and marked after, so that a crash between the two emits the same message
// again, and nothing else.
//
// Window remembers the messages of the last days. It groups a new one with
// those that share its kind of topic, an area and a time, and whose words are
// close: see Window.Join. Those whose marks differ (the phenomenon of a vigilance,
// the number of a road or line, what troubles traffic, the hour) never are; those
// that share what names a thing (a phenomenon of a département, a road, a street
// on the same days) need few words in common.
package dedupe
