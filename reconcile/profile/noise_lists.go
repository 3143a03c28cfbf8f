package profile

import (
	"slices"
	"strings"
)

// What differs only in form in the fields that are texts of a line an item.
// The order of lines, blank lines and lines that repeat one are noise in all.

// canonicalWeek makes one of periods that touch. A period that is split at
// midnight is not the same as one that crosses it: they part where a date
// replaces what begins on one of the two days. Lines that cannot be read stand
// for themselves.
func canonicalWeek(weekly string) string {
	week, leftOut := readWeek(weekly)
	return sortedKeys(week.lines(), leftOut)
}

// canonicalDated is canonicalWeek for dates, with those of the past.
func canonicalDated(dated string) string {
	days, leftOut := readDated(dated)
	return sortedKeys(datedLines(days), leftOut)
}

func sortedKeys(keys []string, leftOut []unread) string {
	for _, l := range leftOut {
		keys = append(keys, "?"+l.text)
	}
	return sortedSet(keys)
}

// canonicalServices goes by the NHS service code, whose name each system
// writes in its own way; by the name where there is no code.
func canonicalServices(services string) string {
	var keys []string
	for _, l := range linesOf(services) {
		code, name, _ := strings.Cut(l.text, " ")
		if code == noCode {
			name = string(appendName([]byte(noCode+" "), name))
			keys = append(keys, name)
			continue
		}
		keys = append(keys, strings.ToUpper(code))
	}
	return sortedSet(keys)
}

// canonicalFacilities drops case and spacing.
func canonicalFacilities(facilities string) string {
	var keys []string
	for _, l := range linesOf(facilities) {
		keys = append(keys, string(appendSpaceless(nil, l.text)))
	}
	return sortedSet(keys)
}

func sortedSet(keys []string) string {
	slices.Sort(keys)
	return joinLines(slices.Compact(keys))
}
