package ods

import (
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// leaveOut notes a value that is none of its field, which stays unstated.
func leaveOut(record *profile.Record, f profile.Field, value, reason string) {
	record.Notes = append(record.Notes, profile.Note{Field: f.String(), Value: value, Reason: reason, LeftOut: true})
}

// doubt notes a value that is kept as it came, or put right.
func doubt(record *profile.Record, f profile.Field, value, reason string) {
	record.Notes = append(record.Notes, profile.Note{Field: f.String(), Value: value, Reason: reason})
}

// firstLeftOut is the first note of a value that was left out, -1 where there is none.
func firstLeftOut(record profile.Record) int {
	return slices.IndexFunc(record.Notes, func(n profile.Note) bool { return n.LeftOut })
}

// setCode states a value that is the code of another organisation.
func setCode(record *profile.Record, f profile.Field, value string) {
	if checkCode(record, f, value) {
		record.Values.Set(f, value)
	}
}

// checkCode reports whether a value is a code, or nothing. What is neither
// ("5.00E+01" from a spreadsheet) is noted as left out.
func checkCode(record *profile.Record, f profile.Field, value string) bool {
	if value == "" || isCode(value) {
		return true
	}
	leaveOut(record, f, value, "no code of 3 to 10 letters and digits")
	return false
}

func isCode(value string) bool {
	_, err := profile.ParseODSCode(value)
	return err == nil
}

// setPostcode states the canonical postcode. A doubtful one is kept and noted.
func setPostcode(record *profile.Record, value string) {
	record.Values.Set(profile.FieldPostcode, postcode(value))
	if reason := profile.PostcodeDoubt(value); reason != "" {
		doubt(record, profile.FieldPostcode, value, reason)
	}
}
