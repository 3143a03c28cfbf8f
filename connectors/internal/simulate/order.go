package simulate

import (
	"slices"
	"sync"
)

// Order holds the numbers that come for each organisation against those before,
// apart from the rules of the system that should prevent what it counts. The
// zero value is empty; it may be used by many goroutines.
type Order struct {
	mu        sync.Mutex
	codes     map[string]*numbers
	twice     int
	backwards int
}

type numbers struct {
	came    bool
	highest int64
	took    []int64
	key     string // of the last effect
}

// Came notes a number that came to be worked off.
func (o *Order) Came(code string, number int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := o.of(code)
	if n.came && number < n.highest {
		o.backwards++
		return
	}
	n.came, n.highest = true, number
}

// Took notes a number that had an effect, and the idempotency key it came with;
// "": none.
func (o *Order) Took(code string, number int64, key string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := o.of(code)
	if slices.Contains(n.took, number) || key != "" && key == n.key {
		o.twice++
	}
	n.took, n.key = append(n.took, number), key
}

func (o *Order) of(code string) *numbers {
	if o.codes == nil {
		o.codes = make(map[string]*numbers)
	}
	n := o.codes[code]
	if n == nil {
		n = &numbers{}
		o.codes[code] = n
	}
	return n
}

// Twice is how often a number of an organisation, or the key of its last
// effect, had an effect again.
func (o *Order) Twice() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.twice
}

// Backwards is how often a number came after a higher one of its organisation.
func (o *Order) Backwards() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.backwards
}

// Restart forgets the numbers and keeps the counts: the system was emptied.
func (o *Order) Restart() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.codes)
}

// Forget forgets the counts, too.
func (o *Order) Forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.codes)
	o.twice, o.backwards = 0, 0
}
