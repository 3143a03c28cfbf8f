package push

import (
	"crypto/sha256"
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// LeftOut is a stated field that a sink does not take as it is. A push leaves it as the
// sink shows it, and the rest goes (RULES.md "What a sink does not take").
type LeftOut struct {
	Field  profile.Field
	Value  string // as it is stated; empty if it may hold a person's address or a secret
	Reason string // for people: what the sink does not take about it
	// Refused is the hash of the value if the sink refused it by an answer: it is not sent
	// again before it has changed. Zero if we knew without asking.
	Refused profile.Hash
}

// HashOfValue identifies a value that a sink refused.
func HashOfValue(value string) profile.Hash {
	sum := sha256.Sum256([]byte(value))
	return profile.Hash(sum[:len(profile.Hash{})])
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
