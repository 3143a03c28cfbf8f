package runs

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Verb says what a change does to a profile.
type Verb string

// The verbs. A profile counts once in a run's numbers, in this order; missing
// is a mark beside the profile, not a change of it.
const (
	Create      Verb = "create"
	Close       Verb = "close"
	Reopen      Verb = "reopen"
	MakeDormant Verb = "dormant"
	Update      Verb = "update"
	Missing     Verb = "missing"
)

// Reason says why a change is planned.
type Reason string

// The reasons for a change.
const (
	BecauseUpstream Reason = "upstream" // the register says something new
	BecauseDrift    Reason = "drift"    // the profile no longer says what the register says
	BecauseUndo     Reason = "undo"     // a person takes a run back
)

// Change is one field of one profile: old, new, owner (by the field) and
// reason. A creation is one change, whose New holds every value as JSON.
type Change struct {
	Code   profile.ODSCode
	Type   profile.OrgType
	Verb   Verb
	Field  profile.Field
	Old    string
	New    string
	Reason Reason
	Undone bool           // a person took the same change back before: it is always withheld
	Waits  WithheldReason // an earlier run withheld the same new value for this reason: it is always withheld
	Since  ID             // the run that withheld it first; 0 for the one that plans it
	Left   LeftReason     // why a decision leaves it out; empty for one that it does not
	Ahead  AheadID        // the approval ahead by which it is applied unasked; 0 for none
}

// Digest identifies what the change does, regardless of its reason.
func (c Change) Digest() profile.Hash {
	return profile.HashOf(string(c.Code), string(c.Verb), c.Field.String(), c.Old, c.New)
}

// Outcome is what is remembered of an upstream record after it was compared.
type Outcome struct {
	Code          profile.ODSCode
	Settled       bool         // the profile agrees with the register once the plan is applied, except for what waits
	Revisit       profile.Date // the day on which the same bytes must be compared again; zero for none
	PendingSince  profile.Date // the day of the first look at a closure; zero for none
	Contradiction bool         // active, with an end date that has passed
	Flag          Flag
	NoProfile     NoProfile
	OtherForm     bool            // the profile shows the address in another form
	NotCompared   []profile.Field // see profile.Record
}

// NoProfile says why a living organisation, of a type that has profiles or of one
// that its record does not tell, gets no profile (RULES.md "Status decides").
type NoProfile string

// The reasons for having no profile. The zero value is that of organisations that
// have or get one, of other types, and of those that have ended or not begun.
const (
	OnlyAlive   NoProfile = "only-alive"   // the API cannot tell whether it is active or dormant; the next listing will
	IsDormant   NoProfile = "dormant"      // it gets a profile once it is active
	TypeUnknown NoProfile = "type-unknown" // active, but the record does not say what it is
)

// WithoutProfile counts living organisations that get no profile for one reason.
type WithoutProfile struct {
	Because NoProfile         `json:"because"`
	Count   int               `json:"count"`
	Codes   []profile.ODSCode `json:"codes"` // the first of them
}

// Flag is something about a record that a person should look at.
type Flag string

// The flags.
const (
	NoFlag      Flag = ""
	LeftType    Flag = "left-type"     // active, but no longer of a kind that has a profile
	NoEndDate   Flag = "no-end-date"   // inactive, but without an end date
	StillAbsent Flag = "missing-twice" // absent from two complete listings
	Deleted     Flag = "deleted"       // deleted from the register, which says nothing about the organisation
	EndInFuture Flag = "end-in-future" // inactive, but its end date has not come
)

// Plan is the pure result of comparing: data, sorted, with a digest.
type Plan struct {
	Changes  []Change
	Outcomes []Outcome
	Ended    []Waiting // what no longer waits, since the register or the profile says something else
	Lifted   []Rejection
}

// Rejection is a person's rejection of a value of a field. Once the register says
// something else it is lifted: the value is no longer silent.
type Rejection struct {
	Code  profile.ODSCode
	Field profile.Field
}

func (p Plan) sort() {
	slices.SortFunc(p.Changes, compareChanges)
	slices.SortFunc(p.Outcomes, func(a, b Outcome) int { return cmp.Compare(a.Code, b.Code) })
	slices.SortFunc(p.Ended, func(a, b Waiting) int { return compareChanges(a.Change, b.Change) })
	slices.SortFunc(p.Lifted, func(a, b Rejection) int { return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Field, b.Field)) })
}

func compareChanges(a, b Change) int {
	return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Verb, b.Verb),
		cmp.Compare(a.Old, b.Old), cmp.Compare(a.New, b.New))
}

// Digest identifies the plan: the same changes give the same digest in any
// order.
func (p Plan) Digest() string { return DigestOf(p.Changes) }

// DigestOf is the SHA-256 of the digests of the changes in the order of code
// and field name, in hex. The store computes the same over its plan rows, whose
// key they are.
func DigestOf(changes []Change) string {
	sorted := slices.SortedFunc(slices.Values(changes), func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Field.String(), b.Field.String()), compareChanges(a, b))
	})
	digests := make([]profile.Hash, len(sorted))
	for i, c := range sorted {
		digests[i] = c.Digest()
	}
	return DigestOfHashes(digests)
}

// DigestOfHashes is the SHA-256 of the digests of changes, in their order, in hex.
func DigestOfHashes(digests []profile.Hash) string {
	h := sha256.New()
	for _, digest := range digests {
		h.Write(digest[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}
