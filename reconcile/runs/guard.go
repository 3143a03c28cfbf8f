package runs

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Guard holds back what no register does on an ordinary day. It works on
// counts, so that the store can count a plan that does not fit in memory.
type Guard struct {
	RemovalShare float64 // of the open profiles of a type that one run may close or mark missing
	FieldShare   float64 // of the open profiles in which one run may change the same field
	Floor        int     // the number that is always allowed
	ShortShare   float64 // of the last accepted listing that a listing must hold
}

// DefaultGuard has the limits of RULES.md "Guard".
func DefaultGuard() Guard {
	return Guard{RemovalShare: 0.02, FieldShare: 0.10, Floor: 10, ShortShare: 0.90}
}

// WithheldReason says why changes wait for a person.
type WithheldReason string

// The reasons for withholding (RULES.md "Guard").
const (
	NotWithheld     WithheldReason = ""
	MassChange      WithheldReason = "mass-change"
	TooManyRemovals WithheldReason = "too-many-removals"
	ShortListing    WithheldReason = "short-listing"
	WasUndone       WithheldReason = "undone"
)

// Withheld is one group of changes that the guard held back. Of is the number
// of open profiles before the run that the group was measured against.
type Withheld struct {
	Reason WithheldReason  `json:"reason"`
	Type   profile.OrgType `json:"type"`
	Field  string          `json:"field"`
	Count  int             `json:"count"`
	Of     int             `json:"of"`
}

// Group is a kind of change that the guard counts as one.
type Group struct {
	Type   profile.OrgType
	Verb   Verb
	Field  profile.Field
	Undone bool
}

// Groups counts a plan's changes.
func (p Plan) Groups() map[Group]int {
	groups := make(map[Group]int)
	for _, c := range p.Changes {
		groups[c.group()]++
	}
	return groups
}

func (c Change) group() Group {
	return Group{Type: c.Type, Verb: c.Verb, Field: c.Field, Undone: c.Undone}
}

func (g Group) removal() bool { return g.Verb == Close || g.Verb == Missing }

// Situation is what the guard measures a plan against.
type Situation struct {
	Open  map[profile.OrgType]int // open profiles before the run, by type
	Short bool                    // the listing is short: nothing may be removed
}

// Judge says of each group why it is withheld, if it is. The answer for one
// group can only get stricter when another grows.
func (g Guard) Judge(groups map[Group]int, at Situation) map[Group]WithheldReason {
	verdicts := make(map[Group]WithheldReason)
	removals, fields := tally(groups)
	for group := range groups {
		if reason := g.judge(group, at, removals, fields); reason != NotWithheld {
			verdicts[group] = reason
		}
	}
	return verdicts
}

type typeField struct {
	orgType profile.OrgType
	field   profile.Field
}

// tally adds up removals by type, and changed fields by type and (under NoType)
// over all types of the report.
func tally(groups map[Group]int) (removals map[profile.OrgType]int, fields map[typeField]int) {
	removals, fields = make(map[profile.OrgType]int), make(map[typeField]int)
	for group, count := range groups {
		switch {
		case group.removal():
			removals[group.Type] += count
		case group.Verb != Create:
			fields[typeField{group.Type, group.Field}] += count
			fields[typeField{profile.NoType, group.Field}] += count
		}
	}
	return removals, fields
}

func (g Guard) judge(group Group, at Situation, removals map[profile.OrgType]int, fields map[typeField]int) WithheldReason {
	open, all := at.Open[group.Type], at.openTotal()
	switch {
	case group.removal() && at.Short:
		return ShortListing
	case group.removal() && removals[group.Type] > g.limit(g.RemovalShare, open):
		return TooManyRemovals
	case group.removal(), group.Verb == Create:
		return undoneOr(group)
	case fields[typeField{group.Type, group.Field}] > g.limit(g.FieldShare, open),
		fields[typeField{profile.NoType, group.Field}] > g.limit(g.FieldShare, all):
		return MassChange
	default:
		return undoneOr(group)
	}
}

func undoneOr(group Group) WithheldReason {
	if group.Undone {
		return WasUndone
	}
	return NotWithheld
}

func (g Guard) limit(share float64, population int) int {
	return max(g.Floor, int(share*float64(population)))
}

func (s Situation) openTotal() (all int) {
	for _, n := range s.Open {
		all += n
	}
	return all
}

// DriftAlarm says why so much drift is no drift, or nothing. A sink that shows
// nothing, or something else for more than the guard's share of profiles, is
// broken or was reset: a person looks before anything is pushed.
func (g Guard) DriftAlarm(checked, missing, drifted int) string {
	switch {
	case missing == checked && checked > g.Floor:
		return "the sink shows none of " + strconv.Itoa(checked) + " profiles"
	case missing+drifted > g.limit(g.FieldShare, checked):
		return "the sink differs for " + strconv.Itoa(missing+drifted) + " of " + strconv.Itoa(checked) + " profiles"
	}
	return ""
}

// IsShort reports whether a listing with this many records is too small, compared
// with the last accepted one of its report, to say anything about absence.
func (g Guard) IsShort(records, lastAccepted int) bool {
	return float64(records) < g.ShortShare*float64(lastAccepted)
}

// Summarise turns verdicts into the rows that people see, sorted. A short
// listing is always one row, also where it would have removed nothing.
func Summarise(groups map[Group]int, verdicts map[Group]WithheldReason, at Situation) []Withheld {
	counts := make(map[Withheld]int)
	if at.Short {
		counts[at.shortRow()] = 0
	}
	for group, reason := range verdicts {
		counts[at.row(group, reason)] += groups[group]
	}
	rows := make([]Withheld, 0, len(counts))
	for row, count := range counts {
		row.Count = count
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b Withheld) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Reason, b.Reason))
	})
	return rows
}

// row is the row a group is shown in: all removals of a type in one.
func (s Situation) row(group Group, reason WithheldReason) Withheld {
	if reason == ShortListing {
		return s.shortRow()
	}
	field := group.Field
	if group.removal() {
		field = profile.FieldStatus
	}
	return Withheld{Reason: reason, Type: group.Type, Field: field.String(), Of: s.Open[group.Type]}
}

func (s Situation) shortRow() Withheld {
	row := Withheld{Reason: ShortListing, Of: s.openTotal()}
	if len(s.Open) == 1 {
		for row.Type = range s.Open {
		}
	}
	return row
}

// Screen splits a plan that fits in memory into what may be applied and what is
// withheld.
func (g Guard) Screen(p Plan, at Situation) (apply, held []Change, withheld []Withheld) {
	groups := p.Groups()
	verdicts := g.Judge(groups, at)
	for _, c := range p.Changes {
		if verdicts[c.group()] == NotWithheld {
			apply = append(apply, c)
		} else {
			held = append(held, c)
		}
	}
	return apply, held, Summarise(groups, verdicts, at)
}
