package profile

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Source is a register that we pull from.
type Source string

// The registers.
const (
	SourceODS Source = "ods"
	SourceERS Source = "ers"
)

// OrgType is the kind of organisation a profile describes. Organisations of
// other kinds are stored as upstream records, but get no profile.
type OrgType string

// The organisation types that can have a profile
// (connectors/ods/CONTRACT.md "Roles").
const (
	NoType         OrgType = ""
	Pharmacy       OrgType = "pharmacy"
	GPPractice     OrgType = "gp-practice"
	GPBranch       OrgType = "gp-branch"
	DentalPractice OrgType = "dental-practice"
	OpticalSite    OrgType = "optical-site"
	Trust          OrgType = "trust"
	TrustSite      OrgType = "trust-site"
)

// Words returns the type as people call it.
func (t OrgType) Words() string {
	switch t {
	case GPPractice:
		return "GP practice"
	case GPBranch:
		return "GP branch"
	case DentalPractice:
		return "dentist"
	case OpticalSite:
		return "optician"
	case TrustSite:
		return "trust site"
	}
	return string(t)
}

// OrgTypes lists every organisation type that can have a profile.
func OrgTypes() []OrgType {
	return []OrgType{Pharmacy, GPPractice, GPBranch, DentalPractice, OpticalSite, Trust, TrustSite}
}

// ParseOrgType returns an error for a type that no profile can have.
func ParseOrgType(s string) (OrgType, error) {
	for _, t := range OrgTypes() {
		if string(t) == s {
			return t, nil
		}
	}
	return NoType, fmt.Errorf("organisation type %q: want one of %v", s, OrgTypes())
}

// Standing is the state of an organisation in a register.
type Standing string

// The standings. Unstated is for layouts without a status column, in which the
// dates decide (RULES.md "Status decides"). Alive is for layouts that do not
// distinguish active from dormant: it reopens a closed profile and changes
// nothing else.
const (
	Unstated Standing = ""
	Active   Standing = "active"
	Alive    Standing = "alive"
	Inactive Standing = "inactive"
	Dormant  Standing = "dormant"
	Proposed Standing = "proposed"
)

// Record is one organisation as an upstream register states it, in canonical
// form: the same facts give the same record in every layout.
type Record struct {
	Code     ODSCode  `json:"-"`
	Standing Standing `json:"standing"`
	Opened   Date     `json:"opened"` // operational start; zero if not stated
	Closed   Date     `json:"closed"` // operational end; zero if none
	Values   Values   `json:"values"`
	Notes    []Note   `json:"notes,omitempty"` // in the order of the fields as they were read
	// NotCompared are the fields that the profile does not follow as long as the register
	// says the same of them: they meant something else in the layout of the listing
	// before (RULES.md "A change of layout"). No facts either.
	NotCompared []string `json:"not_compared,omitempty"`
}

// Note is a value that a register states and that a person may want to see: it was
// left out, since it cannot be one of its field, or kept although it is doubtful.
// Notes are no facts: they are not part of a record's digest.
type Note struct {
	Field   string `json:"field"` // by the name that ParseField knows
	Value   string `json:"value"` // as it came
	Reason  string `json:"reason"`
	LeftOut bool   `json:"left_out,omitempty"` // the field is not stated for it
}

// StandingOn returns the standing of a record on a day. If the layout states
// none, the dates decide.
func (r Record) StandingOn(day Date) Standing {
	switch {
	case r.Standing != Unstated:
		return r.Standing
	case !r.Closed.IsZero() && !r.Closed.After(day):
		return Inactive
	case r.Opened.After(day):
		return Proposed
	default:
		return Active
	}
}

// Rejected is a raw upstream record that could not be understood. It is
// quarantined, counts as present, and the rest goes on.
type Rejected struct { //nolint:errname // it is primarily the rejected record
	Code   ODSCode // empty if the code could not be read either
	Line   int     // the record's line in its file, from 1; 0 if the source has no lines
	Field  string  // the field that was refused, in the layout's words
	Value  string  // its value
	Reason string  // what was expected instead
	Raw    []byte  // the whole record as received
}

// Error names the line, the field, the value and what to do.
func (r *Rejected) Error() string {
	return fmt.Sprintf("line %d: %s %q: %s", r.Line, r.Field, r.Value, r.Reason)
}

// Hash is the first half of the SHA-256 of a record's bytes.
type Hash [16]byte

// HashOf hashes parts, each with its length, so that different lists of parts
// have different hashes.
func HashOf(parts ...string) Hash {
	h := sha256.New()
	for _, part := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return Hash(h.Sum(nil)[:len(Hash{})])
}

// Row locates one raw record in a pull. Every record of a pull has one; only
// records whose bytes are new are decoded.
type Row struct {
	Code   ODSCode // empty if the bytes hold no code
	Hash   Hash    // of the raw bytes, line end excluded
	Offset int64   // where the record's bytes start
	Length int     // number of bytes, line end excluded
	Line   int     // from 1
}

// RefusedError says why a whole pull was refused; nothing of it was applied.
type RefusedError struct {
	Name string   // the file or address it came from
	Why  string   // what is wrong with it as a whole, and what to do
	At   Rejected // the first record that shows it; zero if none does
}

// Error names the file, and the line, field and value if there is one.
func (e *RefusedError) Error() string {
	if e.At.Line == 0 {
		return fmt.Sprintf("%s: refused, nothing changed: %s", e.Name, e.Why)
	}
	return fmt.Sprintf("%s: refused, nothing changed: %s (%s)", e.Name, e.Why, e.At.Error())
}
