package cases

import (
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// rule is everything about a kind but its query and its page.
type rule struct {
	kind   Kind
	owners []Owner // the first is told at once, the next ones when the deadline has passed
	days   int     // working days until the deadline; 0 for the day on which the case opens, if that is one
	urgent bool    // told within 15 minutes, at any hour; all others once a working day
	title  string  // what is wrong, in one line; {name} is a fact of the kind's query
	next   string  // what to do next, with the command
	stands func(Signal, Moment) bool
}

// rules holds every kind, in the order of lists (RULES.md "Cases"): what is urgent comes
// first.
var rules = slices.Concat(
	urgent(true, ofRuns, ofPushes, ofProfiles, ofPeople), urgent(false, ofRuns, ofPushes, ofProfiles, ofPeople))

func urgent(which bool, all ...[]rule) []rule {
	return slices.DeleteFunc(slices.Concat(all...), func(r rule) bool { return r.urgent != which })
}

// Kinds lists every kind, in the order of lists.
func Kinds() []Kind {
	kinds := make([]Kind, len(rules))
	for i, r := range rules {
		kinds[i] = r.kind
	}
	return kinds
}

func (k Kind) place() int {
	return slices.IndexFunc(rules, func(r rule) bool { return r.kind == k })
}

// rule returns the entry of a kind; a stored kind that the program no longer has
// gets one that says so.
func (k Kind) rule() rule {
	if at := k.place(); at >= 0 {
		return rules[at]
	}
	return rule{kind: k, owners: []Owner{Operations}, title: "{subject}: a kind of case that is no more", next: "It ends with the next look"}
}

// deadline returns by when the owner of a case has to act that opens now.
func (k Kind) deadline(at Moment) profile.Date {
	return at.Calendar.WorkingDayOnOrAfter(at.Calendar.AddWorkingDays(at.Today(), k.rule().days))
}

// Owners lists who owns cases of a kind: the first, and then to whom they go when the
// deadline has passed.
func (k Kind) Owners() []Owner { return slices.Clone(k.rule().owners) }

// Urgent reports whether the owner of a kind is told within 15 minutes.
func (k Kind) Urgent() bool { return k.rule().urgent }

// UrgentKinds lists the kinds whose owners are told within 15 minutes.
func UrgentKinds() []Kind {
	return slices.DeleteFunc(Kinds(), func(k Kind) bool { return !k.Urgent() })
}
