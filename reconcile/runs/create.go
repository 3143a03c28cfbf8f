package runs

import (
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// seeded are the fields a new profile takes from the register: those that ODS
// owns, and the editors' own that ODS may fill while they are still empty.
var seeded = fieldsThat(profile.Field.IsSeeded)

// comparedFacts are the facts in which a profile must agree with the register,
// each with its fields; status has rules of its own.
var comparedFacts = factsOf(fieldsThat(profile.Field.FollowsRegister))

func factsOf(fields []profile.Field) (facts [][]profile.Field) {
	for _, f := range fields {
		if n := slices.IndexFunc(facts, func(fact []profile.Field) bool { return fact[0].Fact() == f.Fact() }); n >= 0 {
			facts[n] = append(facts[n], f)
		} else {
			facts = append(facts, []profile.Field{f})
		}
	}
	return facts
}

func fieldsThat(hold func(profile.Field) bool) (fields []profile.Field) {
	for _, f := range profile.Fields() {
		if hold(f) {
			fields = append(fields, f)
		}
	}
	return fields
}

// newProfile returns the profile that is created from a record.
func newProfile(r profile.Record) profile.Profile {
	p := profile.Profile{Code: r.Code}
	p.Values.Set(profile.FieldStatus, string(profile.StatusOpen))
	for _, f := range seeded {
		if r.Values.States(f) {
			p.Values.Set(f, displayed(f, r.Values.Get(f)))
		}
	}
	return p
}

// displayed converts a register's value to the form that people read.
func displayed(f profile.Field, value string) string {
	switch f {
	case profile.FieldName:
		return profile.DisplayName(value)
	case profile.FieldAddress:
		return profile.DisplayAddress(value)
	default:
		return value
	}
}
