package runs

import "github.com/profilesync/profilesync/reconcile/profile"

// seeded are the fields a new profile takes from the register: those that ODS
// owns, and the editors' own that ODS may fill while they are still empty.
var seeded = fieldsThat(profile.Field.IsSeeded)

// comparedFields are the fields in which a profile must agree with the register;
// status has rules of its own.
var comparedFields = fieldsThat(profile.Field.FollowsRegister)

func fieldsThat(hold func(profile.Field) bool) (fields []profile.Field) {
	for _, f := range profile.Fields() {
		if hold(f) {
			fields = append(fields, f)
		}
	}
	return fields
}

// newProfile is the profile that a record starts.
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

// displayed turns a register's value into the one people read.
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
