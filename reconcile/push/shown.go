package push

import (
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Shown is what a sink shows of one organisation.
type Shown struct {
	Code profile.ODSCode
	// Entries are the records that it shows, the most important first; none if it does
	// not show the organisation.
	Entries  []Entry
	Sequence int64  // of the last delivery it accepted; 0 if it does not say
	Version  string // the entity tag, if the sink uses tags
	// Unreadable names what is there and makes no sense. Its fields are in NotVisible of
	// their entry.
	Unreadable []Unreadable
}

// Entry is one record that a sink shows for a profile: DoS has several, which it calls
// services, other sinks one. No entry speaks for another.
type Entry struct {
	Name   string         // for people, such as "service 123 (type 148)"; empty if the sink has one
	Values profile.Values // states what can be read there, and nothing else
	// NotVisible are fields of Route.Readable that cannot be read in this answer.
	NotVisible []profile.Field
	// NeverShown are NHS service codes that this entry never shows.
	NeverShown []string
	// OnlyIfOffered is the NHS service without which a push leaves this entry alone;
	// empty if every push changes it.
	OnlyIfOffered string
}

// Found reports whether the sink shows the organisation at all.
func (s Shown) Found() bool { return len(s.Entries) > 0 }

// ChangedBy returns the entries that a push with these values changes.
func (s Shown) ChangedBy(v profile.Values) (changed []Entry) {
	for _, e := range s.Entries {
		if e.OnlyIfOffered == "" || profile.ServiceLine(v.Get(profile.FieldServices), e.OnlyIfOffered) != "" {
			changed = append(changed, e)
		}
	}
	return changed
}

// shows reports whether a field can be read in this entry.
func (e Entry) shows(route Route, f profile.Field) bool {
	return route.canRead(f) && !slices.Contains(e.NotVisible, f)
}
