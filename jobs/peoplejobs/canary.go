package peoplejobs

import (
	"sync"

	"github.com/profilesync/profilesync/reconcile/people"
)

// canaries hold back all but a few letters of a text whose version is new.
type canaries struct {
	mu     sync.Mutex
	known  map[people.LetterKind]*people.Canary
	flying map[people.LetterKind]int // on their way
}

func newCanaries(known []people.Canary) *canaries {
	c := &canaries{known: make(map[people.LetterKind]*people.Canary), flying: make(map[people.LetterKind]int)}
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

// blocked are the texts in their pause.
func (c *canaries) blocked() []people.LetterKind {
	kinds := []people.LetterKind{}
	for _, canary := range c.known {
		if canary.Allowance() == 0 {
			kinds = append(kinds, canary.Kind)
		}
	}
	return kinds
}

// admit lets a letter out, if there is room.
func (c *canaries) admit(kind people.LetterKind) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if room := c.of(kind).Allowance(); room >= 0 && c.flying[kind] >= room {
		return false
	}
	c.flying[kind]++
	return true
}

// settle notes what became of a letter that was let out. Another version begins a
// canary.
func (c *canaries) settle(kind people.LetterKind, version int, accepted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flying[kind]--
	canary := c.of(kind)
	switch {
	case !accepted:
	case canary.Version != version:
		*canary = people.Canary{Kind: kind, Version: version, Sent: 1}
	default:
		canary.Sent++
	}
}
