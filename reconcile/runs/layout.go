package runs

import (
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// NewLayout is what is special about a listing whose layout is not that of the last
// accepted one of its report (RULES.md "A change of layout").
type NewLayout struct {
	From string `json:"from"`
	To   string `json:"to"`
	// OtherForm counts the profiles whose address the listing has in another form.
	OtherForm int `json:"other_form"`
	// NotCompared are the fields that mean something else in the new layout.
	NotCompared []string `json:"not_compared"`
}

// leaveRedefined notes what a closed profile will not follow either once it opens.
func (v *comparison) leaveRedefined() {
	for _, fact := range comparedFacts {
		differs := func(f profile.Field) bool { return v.Upstream.Values.Get(f) != "" && !v.agrees(f) }
		if v.notCompared(fact) && slices.ContainsFunc(fact, differs) {
			v.outcome.NotCompared = append(v.outcome.NotCompared, fact...)
		}
	}
}

// notCompared reports whether the profile does not follow the register in a fact: a field
// of it means something else now than when it was read before, or did when the
// register began to say what it still says.
func (v *comparison) notCompared(fact []profile.Field) bool {
	if v.Base == nil {
		return false
	}
	redefined := func(f profile.Field) bool { return slices.Contains(v.Redefined, f) }
	wasNotCompared := func(f profile.Field) bool { return slices.Contains(v.Base.NotCompared, f.String()) }
	differs := func(f profile.Field) bool { return !profile.Same(f, v.Base.Values.Get(f), v.Upstream.Values.Get(f)) }
	return slices.ContainsFunc(fact, redefined) || slices.ContainsFunc(fact, wasNotCompared) && !slices.ContainsFunc(fact, differs)
}
