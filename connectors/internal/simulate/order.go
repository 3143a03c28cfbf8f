package simulate

import (
	"slices"
	"sync"
)

// Order compares the numbers that arrive for each organisation with earlier ones,
// independently of the system's rules that should prevent what it counts. The zero
// value is empty; it may be used by many goroutines.
type Order struct {
	mu        sync.Mutex
	codes     map[string]*numbers
	twice     int
	backwards int
}

type numbers struct {
	hasAny  bool
	highest int64
	applied []int64
	key     string // of the last effect
}

// Came notes a number that arrived.
func (o *Order) Came(code string, number int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := o.of(code)
	if n.hasAny && number < n.highest {
		o.backwards++
		return
	}
	n.hasAny, n.highest = true, number
}

// Took notes a number that had an effect, and its idempotency key; "" means none.
func (o *Order) Took(code string, number int64, key string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := o.of(code)
	if slices.Contains(n.applied, number) || key != "" && key == n.key {
		o.twice++
	}
	n.applied, n.key = append(n.applied, number), key
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

// Twice returns how often a number of an organisation, or the key of its last
// effect, had an effect again.
func (o *Order) Twice() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.twice
}

// Backwards returns how often a number arrived after a higher one of its
// organisation.
func (o *Order) Backwards() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.backwards
}

// Restart forgets the numbers but not the counts, because the system was emptied.
func (o *Order) Restart() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.codes)
}

// Forget forgets the counts too.
func (o *Order) Forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.codes)
	o.twice, o.backwards = 0, 0
}
