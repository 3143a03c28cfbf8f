package runs

import (
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// liftRejections ends the rejections of a fact as soon as the register says
// something else than what was rejected (RULES.md "Approve, reject, undo").
func (v *comparison) liftRejections(standing profile.Standing) {
	for _, m := range v.Marks {
		if m.Verdict == VerdictRejected && v.contradicts(standing, m) {
			v.lift(m.Field.Fact())
		}
	}
}

func (v *comparison) lift(fact profile.Field) {
	if !slices.Contains(v.lifted, fact) {
		v.lifted = append(v.lifted, fact)
	}
}

// liftedRejections returns every rejection of the facts that were lifted.
func (v *comparison) liftedRejections() (lifted []Rejection) {
	for _, m := range v.Marks {
		if m.Verdict == VerdictRejected && slices.Contains(v.lifted, m.Field.Fact()) {
			lifted = append(lifted, Rejection{v.Upstream.Code, m.Field})
		}
	}
	return lifted
}

// contradicts reports whether the register says something else than the value that
// was rejected. What it does not state, or states with another meaning than before,
// contradicts nothing.
func (v *comparison) contradicts(standing profile.Standing, rejected Mark) bool {
	if rejected.Field == profile.FieldStatus {
		return v.contradictsStatus(standing, profile.Status(rejected.Value))
	}
	stated := v.Upstream.Values.Get(rejected.Field)
	return stated != "" && !v.sameValue(rejected.Field, stated, rejected.Value) && !v.notCompared([]profile.Field{rejected.Field})
}

func (v *comparison) contradictsStatus(standing profile.Standing, rejected profile.Status) bool {
	switch standing {
	case profile.Active:
		return rejected != profile.StatusOpen
	case profile.Dormant:
		return rejected != profile.StatusDormant
	case profile.Alive: // active or dormant
		return rejected == profile.StatusClosed
	default:
		end := v.Upstream.Closed
		ended := standing == profile.Inactive && !end.IsZero() && !end.After(v.AsOf)
		return rejected != profile.StatusClosed || !ended
	}
}
