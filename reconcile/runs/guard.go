package runs

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Guard withholds changes that no register makes on an ordinary day. It works
// on counts, so that the store can count a plan that does not fit in memory.
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
	MeaningChanged  WithheldReason = "meaning-changed"
	TooManyRemovals WithheldReason = "too-many-removals"
	ShortListing    WithheldReason = "short-listing"
	WasUndone       WithheldReason = "undone"
)

// WithheldReasons lists every reason for withholding.
func WithheldReasons() []WithheldReason {
	return []WithheldReason{MassChange, MeaningChanged, TooManyRemovals, ShortListing, WasUndone}
}

// ParseWithheldReason returns an error for a reason for which nothing is withheld.
func ParseWithheldReason(s string) (WithheldReason, error) {
	reasons := WithheldReasons()
	if slices.Contains(reasons, WithheldReason(s)) {
		return WithheldReason(s), nil
	}
	return NotWithheld, fmt.Errorf("%q is no reason: want one of %v", s, reasons)
}

// Withheld is one group of changes that the guard withheld. Of is the number of
// open profiles before the run that the group was measured against.
type Withheld struct {
	Reason WithheldReason  `json:"reason"`
	Type   profile.OrgType `json:"type"`
	Field  string          `json:"field"`
	Count  int             `json:"count"`
	Of     int             `json:"of"`
}

// Group is a kind of change that the guard counts as one. Its size is the number
// of profiles.
type Group struct {
	Type   profile.OrgType
	Verb   Verb
	Fact   profile.Field
	Undone bool
	Waits  WithheldReason // see Change
	Ahead  bool           // a person approved it ahead: it is measured, and never withheld
}

func (g Group) removal() bool { return g.Verb == Close || g.Verb == Missing }

// Situation is what the guard measures a plan against.
type Situation struct {
	Open        map[profile.OrgType]int // open profiles before the run, by type
	Short       bool                    // the listing is short: nothing may be removed
	Waiting     map[Group]int           // what earlier runs withheld of the report, and still waits
	Unexplained map[profile.OrgType]int // profiles whose board is to change, and neither their commissioner nor their address
}

// massReason returns the reason for withholding a mass change: organisations that
// get another board keep neither commissioner nor address, or not so many of them.
func (s Situation) massReason(group Group, limit int) WithheldReason {
	if group.Fact == profile.FieldICB && s.Unexplained[group.Type] > limit {
		return MeaningChanged
	}
	return MassChange
}

// Judge returns why each withheld group is withheld. What is new is measured
// together with what waits and with what was approved ahead. The answer for one group
// can only get stricter when another grows.
func (g Guard) Judge(groups map[Group]int, at Situation) map[Group]WithheldReason {
	verdicts := make(map[Group]WithheldReason)
	removals, facts := tally(groups, at.Waiting)
	for group := range groups {
		if reason := g.judge(group, at, removals, facts); reason != NotWithheld {
			verdicts[group] = reason
		}
	}
	return verdicts
}

// Openings returns the groups of profiles that stay closed, since they are withheld
// for the first time.
func Openings(verdicts map[Group]WithheldReason) (openings []Group) {
	for group := range verdicts {
		if group.Waits == NotWithheld && (group.Verb == Reopen || group.Verb == MakeDormant) {
			openings = append(openings, group)
		}
	}
	return openings
}

type typeFact struct {
	orgType profile.OrgType
	fact    profile.Field
}

// tally adds up removals by type, and changed facts by type and (under NoType)
// over all types of the report.
func tally(counts ...map[Group]int) (removals map[profile.OrgType]int, facts map[typeFact]int) {
	removals, facts = make(map[profile.OrgType]int), make(map[typeFact]int)
	for _, groups := range counts {
		for group, count := range groups {
			switch {
			case group.removal():
				removals[group.Type] += count
			case group.Verb != Create:
				facts[typeFact{group.Type, group.Fact}] += count
				facts[typeFact{profile.NoType, group.Fact}] += count
			}
		}
	}
	return removals, facts
}

func (g Guard) judge(group Group, at Situation, removals map[profile.OrgType]int, facts map[typeFact]int) WithheldReason {
	open, all := at.Open[group.Type], at.openTotal()
	switch {
	case group.Ahead:
		return NotWithheld
	case group.Waits != NotWithheld:
		return group.Waits
	case group.removal() && at.Short:
		return ShortListing
	case group.removal() && removals[group.Type] > g.limit(g.RemovalShare, open):
		return TooManyRemovals
	case group.removal(), group.Verb == Create:
		return undoneOr(group)
	case facts[typeFact{group.Type, group.Fact}] > g.limit(g.FieldShare, open),
		facts[typeFact{profile.NoType, group.Fact}] > g.limit(g.FieldShare, all):
		return at.massReason(group, g.limit(g.FieldShare, open))
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

// DriftAlarm returns why there is too much drift to repair; empty if there is
// not. A sink that shows nothing, or differs for more than the guard's share of
// profiles, is broken or was reset: a person must look before anything is
// pushed.
func (g Guard) DriftAlarm(checked, missing, drifted int) string {
	switch {
	case missing == checked && checked > g.Floor:
		return "the sink shows none of " + strconv.Itoa(checked) + " profiles"
	case missing+drifted > g.limit(g.FieldShare, checked):
		return "the sink differs for " + strconv.Itoa(missing+drifted) + " of " + strconv.Itoa(checked) + " profiles"
	}
	return ""
}

// UnreadableAlarm says why a sink must be at fault if the answers about so many
// profiles, besides those that were checked, make no sense; empty if it need not be.
func (g Guard) UnreadableAlarm(checked, unreadable int) string {
	if all := checked + unreadable; unreadable > g.limit(g.FieldShare, all) {
		return "the sink's answers about " + strconv.Itoa(unreadable) + " of " + strconv.Itoa(all) + " profiles make no sense"
	}
	return ""
}

// IsShort reports whether a listing with this many records is too small, compared
// with the last accepted one of its report, to say anything about absence.
func (g Guard) IsShort(records, lastAccepted int) bool {
	return float64(records) < g.ShortShare*float64(lastAccepted)
}

// Summarise converts verdicts to the rows that people see, sorted. A short
// listing is always one row, even if it would have removed nothing.
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

// row returns the row in which a group is counted: one for all removals of a
// type.
func (s Situation) row(group Group, reason WithheldReason) Withheld {
	if reason == ShortListing {
		return s.shortRow()
	}
	field := group.Fact
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
