package profile

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Source is an upstream register that we pull.
type Source string

// The upstream registers.
const (
	SourceODS Source = "ods"
	SourceERS Source = "ers"
)

// OrgType is the kind of organisation a profile describes. Organisations of
// other kinds are remembered as upstream records and get no profile.
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

// OrgTypes lists every organisation type that can have a profile.
func OrgTypes() []OrgType {
	return []OrgType{Pharmacy, GPPractice, GPBranch, DentalPractice, OpticalSite, Trust, TrustSite}
}

// ParseOrgType refuses a type that no profile can have.
func ParseOrgType(s string) (OrgType, error) {
	for _, t := range OrgTypes() {
		if string(t) == s {
			return t, nil
		}
	}
	return NoType, fmt.Errorf("organisation type %q: want one of %v", s, OrgTypes())
}

// Standing is what a register says of an organisation's life.
type Standing string

// The standings. Unstated is that of layouts without a status column, where
// the dates decide (RULES.md "Status decides"). Alive is that of layouts that
// cannot tell active from dormant: it opens what was closed and moves nothing
// else.
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
	Opened   Date     `json:"opened"` // operational start; zero when not stated
	Closed   Date     `json:"closed"` // operational end; zero when none
	Values   Values   `json:"values"`
}

// StandingOn is the standing of a record on a day. Where a layout states none,
// the dates decide.
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
type Rejected struct { //nolint:errname // it is the rejected record first, and an error where one is returned
	Code   ODSCode // empty when not even the code could be read
	Line   int     // the record's line in its file, from 1; 0 where there are no lines
	Field  string  // the field that was refused, in the layout's words
	Value  string  // its value
	Reason string  // what was expected instead
	Raw    []byte  // the whole record as it came
}

// Error names the line, the field, the value and what to do.
func (r *Rejected) Error() string {
	return fmt.Sprintf("line %d: %s %q: %s", r.Line, r.Field, r.Value, r.Reason)
}

// Hash is the first half of the SHA-256 of a record's bytes.
type Hash [16]byte

// HashOf hashes parts, each with its length: no two lists of parts are alike.
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

// Row locates one raw record in a pull: what has to be known of every record,
// when only those whose bytes are new will be decoded.
type Row struct {
	Code   ODSCode // empty when the bytes do not even hold a code
	Hash   Hash    // of the raw bytes, line end excluded
	Offset int64   // where the record's bytes start
	Length int     // how many there are, line end excluded
	Line   int     // from 1
}

// RefusedError says why a whole pull was refused: nothing of it was applied.
type RefusedError struct {
	Name string   // the file or address it came from
	Why  string   // what is wrong with it as a whole, and what to do
	At   Rejected // the first record that shows it; zero when no record does
}

// Error names the file, and the line, field and value where there is one.
func (e *RefusedError) Error() string {
	if e.At.Line == 0 {
		return fmt.Sprintf("%s: refused, nothing changed: %s", e.Name, e.Why)
	}
	return fmt.Sprintf("%s: refused, nothing changed: %s (%s)", e.Name, e.Why, e.At.Error())
}
