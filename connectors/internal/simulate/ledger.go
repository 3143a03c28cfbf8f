package simulate

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Outcome is the outcome of a request, in the system's terms.
type Outcome string

// Entry is what every ledger records of a request, and of an effect that comes
// later. A simulator's own entries embed it.
type Entry struct {
	N       int64     `json:"n"`  // from 1, in the order of Stamp
	At      time.Time `json:"at"` // time of Stamp
	Kind    Kind      `json:"kind,omitempty"`
	Method  string    `json:"method,omitempty"`
	Path    string    `json:"path,omitempty"`
	Code    string    `json:"code,omitempty"` // of the organisation, if it is about one
	Status  int       `json:"status"`         // of the answer; 0: no answer, or an effect
	Outcome Outcome   `json:"outcome,omitempty"`
	Fault   Name      `json:"fault,omitempty"` // the fault that the request met
}

// Head returns the part of the entry that all simulators share.
func (e Entry) Head() Entry { return e }

// EntryOf begins the entry of a request.
func EntryOf(kind Kind, r *http.Request) Entry {
	return Entry{Kind: kind, Method: r.Method, Path: r.URL.Path}
}

// Noted is an entry of a ledger: a type that embeds Entry.
type Noted interface{ Head() Entry }

// Ledger records what a simulator received and the outcomes. Entries never change;
// it may forget old ones, but its counts include them. It may be used by many
// goroutines.
type Ledger[E Noted] struct {
	keep int

	mu       sync.Mutex
	last     int64
	entries  []E
	byCode   map[string][]int // places in the entries
	answers  map[Kind]map[string]int
	faults   map[Name]int
	outcomes map[Outcome]int
}

// NewLedger makes a ledger that remembers at least half of the last keep entries; 0
// means all.
func NewLedger[E Noted](keep int) *Ledger[E] {
	l := &Ledger[E]{keep: keep}
	l.Forget()
	return l
}

// Forget empties the ledger and its counts.
func (l *Ledger[E]) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries, l.byCode = nil, make(map[string][]int)
	l.answers, l.faults, l.outcomes = make(map[Kind]map[string]int), make(map[Name]int), make(map[Outcome]int)
}

// Stamp gives an entry its number and the time. The ledger sorts it by that number,
// whenever it is added.
func (l *Ledger[E]) Stamp(e *Entry, now func() time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	e.N, e.At = l.last, now()
}

// Request adds a request, and its effect if that was immediate.
func (l *Ledger[E]) Request(e E) {
	l.mu.Lock()
	defer l.mu.Unlock()
	head := e.Head()
	if l.answers[head.Kind] == nil {
		l.answers[head.Kind] = make(map[string]int)
	}
	l.answers[head.Kind][strconv.Itoa(head.Status)]++
	if head.Fault != "" {
		l.faults[head.Fault]++
	}
	l.add(e, head)
}

// Effect adds an effect that is separate from its request.
func (l *Ledger[E]) Effect(e E) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(e, e.Head())
}

func (l *Ledger[E]) add(e E, head Entry) {
	if head.Outcome != "" {
		l.outcomes[head.Outcome]++
	}
	if l.keep > 0 && len(l.entries) >= l.keep {
		l.halve()
	}
	if head.Code != "" {
		l.byCode[head.Code] = append(l.byCode[head.Code], len(l.entries))
	}
	l.entries = append(l.entries, e)
}

// halve forgets the older half.
func (l *Ledger[E]) halve() {
	l.entries = slices.Clone(l.entries[(len(l.entries)+1)/2:])
	clear(l.byCode)
	for place, e := range l.entries {
		if code := e.Head().Code; code != "" {
			l.byCode[code] = append(l.byCode[code], place)
		}
	}
}

// Entries returns the remembered entries of the given organisations, or all, in the
// order of their numbers.
func (l *Ledger[E]) Entries(codes ...string) []E {
	l.mu.Lock()
	defer l.mu.Unlock()
	some := []E{}
	if len(codes) == 0 {
		some = slices.Clone(l.entries)
	}
	for _, code := range codes {
		for _, place := range l.byCode[code] {
			some = append(some, l.entries[place])
		}
	}
	slices.SortStableFunc(some, func(a, b E) int { return cmp.Compare(a.Head().N, b.Head().N) })
	return some
}

// Answers counts requests by kind and status; those under "0" got no answer.
func (l *Ledger[E]) Answers() map[Kind]map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	answers := make(map[Kind]map[string]int, len(l.answers))
	for kind, statuses := range l.answers {
		answers[kind] = maps.Clone(statuses)
	}
	return answers
}

// Statuses counts requests of all kinds by status; those under "0" got no answer.
func (l *Ledger[E]) Statuses() map[string]int {
	sum := make(map[string]int)
	for _, statuses := range l.Answers() {
		for status, n := range statuses {
			sum[status] += n
		}
	}
	return sum
}

// Faults counts requests by the fault they met.
func (l *Ledger[E]) Faults() map[Name]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.faults)
}

// Outcomes counts requests and effects by outcome.
func (l *Ledger[E]) Outcomes() map[Outcome]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.outcomes)
}
