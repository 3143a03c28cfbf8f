package register

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// realSize is the number of organisations in these reports of the real register.
const realSize = 100_282

// Options say which register to make up.
type Options struct {
	Seed uint64
	// Size is the number of organisations over all reports, shared out as in the
	// real register; 0 gives the real size, 100,282.
	Size int
	// Counts sets the size of single reports. With Size 0, the reports that it does
	// not name are just large enough to have parents for the others.
	Counts map[Report]int
	// AsOf is the register's first day; zero means 22 February 2026.
	AsOf profile.Date
}

// Register is a made-up register. It may be used by many goroutines: readers see
// each organisation as it is when they reach it.
type Register struct {
	seed    uint64
	began   profile.Date
	subICBs map[string][]string // by board
	specs   map[Report]*list

	mu      sync.RWMutex
	asOf    profile.Date
	changed map[string]Organisation // those that are not as derived any more
	deleted []Deletion
	serial  int32
	round   uint64 // draws of Churn and Recode differ each time
}

// list holds the codes of one report. The slice is replaced, never written to.
type list struct {
	spec    *spec
	began   int      // the number of codes at the start
	pool    []string // the codes at the start, from which parents are drawn
	first   int32    // serial of the first
	entries []entry  // sorted by code
	version uint64
}

type entry struct {
	code   string
	serial int32
}

// Deletion is a record that was removed from the register as if it had never
// existed (connectors/ods/CONTRACT.md "Deletions").
type Deletion struct {
	Report Report
	Code   string
	On     profile.Date
}

// New makes up a register.
func New(o Options) *Register {
	r := &Register{
		seed: o.Seed, began: o.AsOf, subICBs: make(map[string][]string), specs: make(map[Report]*list),
		changed: make(map[string]Organisation), serial: 1000,
	}
	if r.began.IsZero() {
		r.began = profile.NewDate(2026, 2, 22)
	}
	r.asOf = r.began
	taken, pools := make(map[string]bool), make(map[Report][]string)
	for _, org := range authorities() {
		taken[org.Code] = true
	}
	for i := range specs {
		s := &specs[i]
		codes := r.authorities(s)
		if s.report != Authorities {
			codes = makeCodes(s, o.count(s), newDraw(o.Seed, "codes", string(s.report)), pools, taken)
		}
		pools[s.report] = codes
		r.specs[s.report] = r.listOf(s, codes)
	}
	for nth, code := range pools[SubICBs] {
		board := boards[nth%len(boards)].code
		r.subICBs[board] = append(r.subICBs[board], code)
	}
	return r
}

// authorities adds the fixed organisations and returns their codes.
func (r *Register) authorities(s *spec) []string {
	var codes []string
	if s.report == Authorities {
		for i, org := range authorities() {
			org.serial = int(r.serial) + i
			r.changed[org.Code] = org
			codes = append(codes, org.Code)
		}
	}
	slices.Sort(codes)
	return codes
}

func (r *Register) listOf(s *spec, codes []string) *list {
	l := &list{spec: s, began: len(codes), pool: codes, first: r.serial, entries: make([]entry, len(codes))}
	for i, code := range codes {
		l.entries[i] = entry{code, r.serial}
		r.serial++
	}
	return l
}

// count returns how many organisations of a report to make.
func (o Options) count(s *spec) int {
	if n, given := o.Counts[s.report]; given {
		return n
	}
	size := o.Size
	switch {
	case size == 0 && len(o.Counts) == 0:
		return s.count
	case size == 0: // only parents for the reports in Counts
		if s.report == SubICBs {
			return s.count
		}
		children := o.Counts[map[Report]Report{
			PharmacyHQs: Dispensaries, OpticalHQs: OpticalSites, Trusts: TrustSites, Practices: Branches,
		}[s.report]]
		if s.report == Trusts {
			children = max(children, o.Counts[Practices]) // providers of some
		}
		return (children + 99) / 100
	case s.report == SubICBs:
		return max(len(boards), int(float64(size)*float64(s.count)/realSize))
	}
	return max(1, int(float64(size)*float64(s.count)/realSize+0.5))
}

func (r *Register) list(report Report) *list { return r.specs[report] }

// AsOf returns the register's day.
func (r *Register) AsOf() profile.Date {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.asOf
}

// Version returns a number that grows whenever anything in the report changes.
func (r *Register) Version(report Report) uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if l := r.list(report); l != nil {
		return l.version
	}
	return 0
}

// Len returns the number of organisations in a report, including closed ones.
func (r *Register) Len(report Report) int { return len(r.entries(report)) }

func (r *Register) entries(report Report) []entry {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if l := r.list(report); l != nil {
		return l.entries
	}
	return nil
}

// Codes returns the codes of a report, sorted.
func (r *Register) Codes(report Report) []string {
	entries := r.entries(report)
	codes := make([]string, len(entries))
	for i, e := range entries {
		codes[i] = e.code
	}
	return codes
}

// All iterates over a report in the order of codes, holding one organisation at a
// time.
func (r *Register) All(report Report) iter.Seq[Organisation] {
	return func(yield func(Organisation) bool) {
		l := r.list(report)
		for _, e := range r.entries(report) {
			if !yield(r.at(l, e)) {
				return
			}
		}
	}
}

func (r *Register) at(l *list, e entry) Organisation {
	r.mu.RLock()
	o, changed := r.changed[e.code]
	r.mu.RUnlock()
	if changed {
		return o
	}
	return r.derive(l, e)
}

// Get finds an organisation by its code, in any report.
func (r *Register) Get(code string) (Organisation, bool) {
	for _, s := range specs {
		l, entries := r.list(s.report), r.entries(s.report)
		if i, found := find(entries, code); found {
			return r.at(l, entries[i]), true
		}
	}
	return Organisation{}, false
}

func find(entries []entry, code string) (int, bool) {
	return slices.BinarySearchFunc(entries, code, func(e entry, code string) int { return strings.Compare(e.code, code) })
}

// Deletions returns the records that were removed, oldest first.
func (r *Register) Deletions() []Deletion {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Clone(r.deleted)
}

// SetAsOf moves the register's day without changing anything else.
func (r *Register) SetAsOf(day profile.Date) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asOf = day
}

// Update changes one organisation on a day, which becomes its last change. The
// register's own day moves forward to it if it is earlier. Slices must be replaced,
// not written to; code and report do not change. The error names an unknown code.
func (r *Register) Update(code string, on profile.Date, change func(*Organisation)) error {
	o, found := r.Get(code)
	if !found {
		return fmt.Errorf("updating %s: the register has no such code", code)
	}
	next := o
	change(&next)
	next.Code, next.Report, next.serial, next.LastChange = o.Code, o.Report, o.serial, on
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changed[code] = next
	r.specs[o.Report].version++
	r.advance(on)
	return nil
}

func (r *Register) advance(on profile.Date) {
	if on.After(r.asOf) {
		r.asOf = on
	}
}

// Add adds a new organisation; the register must have its report, and its code must
// be new.
func (r *Register) Add(o Organisation) error {
	if _, taken := r.Get(o.Code); taken || o.Code == "" {
		return fmt.Errorf("adding %q: the code is taken or empty", o.Code)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.list(o.Report)
	if l == nil {
		return fmt.Errorf("adding %s: report %q is not one of %v", o.Code, o.Report, slices.Sorted(maps.Keys(r.specs)))
	}
	o.serial = int(r.serial)
	i, _ := find(l.entries, o.Code)
	l.entries = slices.Insert(slices.Clone(l.entries), i, entry{o.Code, r.serial})
	r.serial++
	r.changed[o.Code] = o
	l.version++
	r.advance(o.LastChange)
	return nil
}

// Delete removes a record as if it had never existed; only the deletion list shows
// it.
func (r *Register) Delete(code string, on profile.Date) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for report, l := range r.specs {
		if i, found := find(l.entries, code); found {
			l.entries = slices.Delete(slices.Clone(l.entries), i, i+1)
			l.version++
			delete(r.changed, code)
			r.deleted = append(r.deleted, Deletion{report, code, on})
			r.advance(on)
			return nil
		}
	}
	return fmt.Errorf("deleting %s: the register has no such code", code)
}
