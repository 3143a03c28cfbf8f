package push

import (
	"crypto/sha256"
	"slices"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// LeftOut is a stated field that a sink does not take as it is. A push leaves it as the
// sink shows it, and the rest goes (RULES.md "What a sink does not take").
type LeftOut struct {
	Field  profile.Field
	Value  string // how it begins; empty if it may hold a person's address or a secret
	Reason string // for people: what the sink does not take about it
	// Refused is the hash of the value if the sink refused it by an answer: it is not sent
	// again before it has changed. Zero if we knew without asking.
	Refused profile.Hash
	Since   time.Time // of the first push that left it out for this reason
}

// HashOfValue identifies a value that a sink refused.
func HashOfValue(value string) profile.Hash {
	sum := sha256.Sum256([]byte(value))
	return profile.Hash(sum[:len(profile.Hash{})])
}

// Refuses reports whether these values hold the value that the sink refused.
func (l LeftOut) Refuses(v profile.Values) bool {
	return l.Refused != profile.Hash{} && v.States(l.Field) && HashOfValue(v.Get(l.Field)) == l.Refused
}

// keepsOwn reports whether the sink keeps its own if a push sends this value.
func (r Route) keepsOwn(f profile.Field, value string) bool {
	return value == "" && slices.Contains(r.KeptIfEmpty, f)
}

// NotWithdrawn returns the values that are withdrawn, and that the sink keeps. They are
// withdrawn by hand there, if it still shows any.
func (r Route) NotWithdrawn(v profile.Values) (left []LeftOut) {
	for _, f := range r.KeptIfEmpty {
		if v.States(f) && v.Get(f) == "" && !isFrozen(r, v) {
			left = append(left, LeftOut{Field: f, Reason: "it is withdrawn, and no push can say so: what the sink shows stays"})
		}
	}
	return left
}

// FieldsLeftOut lists the fields, each once.
func FieldsLeftOut(left []LeftOut) (fields []profile.Field) {
	for _, l := range left {
		if !slices.Contains(fields, l.Field) {
			fields = append(fields, l.Field)
		}
	}
	return fields
}

// StillLeftOut returns what is left out now, each field once, with the time since which
// it has been if it was before, for the same reason.
func StillLeftOut(before, now []LeftOut, at time.Time) (left []LeftOut) {
	for _, l := range now {
		if slices.Contains(FieldsLeftOut(left), l.Field) {
			continue
		}
		if l.Since = at; l.Value != "" {
			l.Value = shortened(l.Value)
		}
		for _, b := range before {
			if b.Field == l.Field && b.Reason == l.Reason {
				l.Since = b.Since
			}
		}
		left = append(left, l)
	}
	return left
}
