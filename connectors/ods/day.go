package ods

import (
	"fmt"
	"path/filepath"
	"regexp"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// dayInName is a day in a file's name, as in edispensary_2025-04-10.csv.
var dayInName = regexp.MustCompile(`(?:^|[^0-9])([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[^0-9]|$)`)

// DayOf returns the day in a file's name: the day the listing speaks of; zero if
// there is none (reconcile/RULES.md "Listings"). A day that is not in the calendar
// is an error.
func DayOf(fileName string) (profile.Date, error) {
	base := filepath.Base(fileName)
	found := dayInName.FindStringSubmatch(base)
	if found == nil {
		return profile.Date{}, nil
	}
	day, err := profile.ParseDate(found[1])
	if err != nil {
		return day, fmt.Errorf("file %q: its name holds %s, which is not a day", base, found[1])
	}
	return day, nil
}
