package peoplejobs

import (
	"sync"

	"github.com/profilesync/profilesync/reconcile/people"
)

// canaries holds back all but the first few letters of each new version of a
// text.
type canaries struct {
	mu      sync.Mutex
	known   map[people.LetterKind]*people.Canary
	sending map[people.LetterKind]int // being sent
}

func newCanaries(known []people.Canary) *canaries {
	c := &canaries{known: make(map[people.LetterKind]*people.Canary), sending: make(map[people.LetterKind]int)}
	for i := range known {
		c.known[known[i].Kind] = &known[i]
	}
	return c
}

func (c *canaries) of(kind people.LetterKind) *people.Canary {
	if c.known[kind] == nil {
		c.known[kind] = &people.Canary{Kind: kind}
	}
	return c.known[kind]
}

// blocked returns the kinds of letter that are paused after their first few.
func (c *canaries) blocked() []people.LetterKind {
	kinds := []people.LetterKind{}
	for _, canary := range c.known {
		if canary.Allowance() == 0 {
			kinds = append(kinds, canary.Kind)
		}
	}
	return kinds
}

// admit reports whether a letter may be sent now, and counts it as being sent.
func (c *canaries) admit(kind people.LetterKind) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if room := c.of(kind).Allowance(); room >= 0 && c.sending[kind] >= room {
		return false
	}
	c.sending[kind]++
	return true
}

// record records whether an admitted letter was accepted. A new version starts
// a new canary.
func (c *canaries) record(kind people.LetterKind, version int, accepted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sending[kind]--
	canary := c.of(kind)
	switch {
	case !accepted:
	case canary.Version != version:
		*canary = people.Canary{Kind: kind, Version: version, Sent: 1}
	default:
		canary.Sent++
	}
}
