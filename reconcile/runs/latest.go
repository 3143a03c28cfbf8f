package runs

import (
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Latest returns what the register says of an organisation on a day, by its
// records in several reports, of which the latest comes first: of each field what
// the first record says that states it. There must be at least one.
func Latest(day profile.Date, records []profile.Record) profile.Record {
	status := latestStatus(day, records)
	latest := profile.Record{Code: status.Code, Standing: status.Standing, Opened: status.Opened, Closed: status.Closed}
	for _, fact := range comparedFacts {
		for _, f := range fact {
			if n := slices.IndexFunc(records, func(r profile.Record) bool { return r.Values.Get(f) != "" }); n >= 0 {
				latest.Values.Set(f, records[n].Values.Get(f))
			}
		}
	}
	return latest
}

// BaseOf returns what the register said when one of its reports was last accepted:
// records[own], and of what that does not state, what other reports said. If own
// is negative, the organisation is new to the report. There must be a record.
func BaseOf(day profile.Date, records []profile.Record, own int) profile.Record {
	latest := Latest(day, records)
	if own < 0 {
		return latest
	}
	base := records[own]
	for _, f := range profile.Fields() {
		if said := latest.Values.Get(f); said != "" && base.Values.Get(f) == "" {
			base.Values.Set(f, said)
		}
	}
	return base
}

// latestStatus is the first record; or, if that cannot tell active from dormant,
// one that can and does not contradict it.
func latestStatus(day profile.Date, records []profile.Record) profile.Record {
	n := slices.IndexFunc(records, func(r profile.Record) bool { return r.StandingOn(day) != profile.Alive })
	if n < 0 {
		return records[0]
	}
	switch records[n].StandingOn(day) {
	case profile.Active, profile.Dormant:
		return records[n]
	default:
		return records[0]
	}
}
