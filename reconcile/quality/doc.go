// Package quality says what the quality checks are: what they look for in the whole
// estate of a sink, who must act on what they find, and what to do. Each finds
// something that no push can mend. What a sink shows is compared in its connector.
//
// The rules are in RULES.md "Quality checks".
package quality
