package canonical

import (
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// LeaveOut notes a value that is none of its field, which stays unstated.
func LeaveOut(record *profile.Record, f profile.Field, value, reason string) {
	record.Notes = append(record.Notes, profile.Note{Field: f.String(), Value: value, Reason: reason, LeftOut: true})
}

// Doubt notes a value that is kept as it came, or put right.
func Doubt(record *profile.Record, f profile.Field, value, reason string) {
	record.Notes = append(record.Notes, profile.Note{Field: f.String(), Value: value, Reason: reason})
}

// FirstLeftOut is the first note of a value that was left out, -1 where there is none.
func FirstLeftOut(record profile.Record) int {
	return slices.IndexFunc(record.Notes, func(n profile.Note) bool { return n.LeftOut })
}

// SetCode states a value that is the code of another organisation.
func SetCode(record *profile.Record, f profile.Field, value string) {
	if CheckCode(record, f, value) {
		record.Values.Set(f, value)
	}
}

// SetCodes states a value that is codes of other organisations, joined by bars. If
// one of them is none, the field is not stated.
func SetCodes(record *profile.Record, f profile.Field, value string) {
	for code := range strings.SplitSeq(value, "|") {
		if !CheckCode(record, f, code) {
			return
		}
	}
	record.Values.Set(f, value)
}

// CheckCode reports whether a value is a code, or nothing. What is neither
// ("5.00E+01" from a spreadsheet) is noted as left out.
func CheckCode(record *profile.Record, f profile.Field, value string) bool {
	if value == "" || IsCode(value) {
		return true
	}
	LeaveOut(record, f, value, "no code of 3 to 10 letters and digits")
	return false
}

// IsCode reports whether a value has the form of a code.
func IsCode(value string) bool {
	_, err := profile.ParseODSCode(value)
	return err == nil
}

// SetPostcode states the canonical postcode. A doubtful one is kept and noted.
func SetPostcode(record *profile.Record, value string) {
	record.Values.Set(profile.FieldPostcode, postcode(value))
	if reason := profile.PostcodeDoubt(value); reason != "" {
		Doubt(record, profile.FieldPostcode, value, reason)
	}
}

// Reject is a record that cannot be read for one of its fields.
func Reject(field, value, reason string) *profile.Rejected {
	return &profile.Rejected{Field: field, Value: value, Reason: reason}
}

// Excerpt returns the start of a line, for messages.
func Excerpt(raw []byte) string { return ValidText(raw[:min(len(raw), 80)]) }

// Code returns the code in a text, or nothing where it is none.
func Code(s string) profile.ODSCode {
	code, err := profile.ParseODSCode(s)
	if err != nil {
		return ""
	}
	return code
}

// CodeOrText returns the code in a text, or the text where it is none, for SetCode.
func CodeOrText(s string) string {
	if code := Code(s); code != "" {
		return code.String()
	}
	return strings.TrimSpace(ValidText([]byte(s)))
}
