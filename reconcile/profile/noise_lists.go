package profile

import (
	"slices"
	"strings"
)

// Noise in fields whose text has one line per item. The order of lines, blank
// lines and repeated lines are noise in all of them.

// canonicalWeek merges periods that touch. A period split at midnight differs
// from one that crosses it: they show different times if a date replaces one of
// the two days. Unreadable lines are kept as they are.
func canonicalWeek(weekly string) string {
	week, leftOut := readWeek(weekly)
	return sortedKeys(week.lines(), leftOut)
}

// canonicalDated is canonicalWeek for dates, including past ones.
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

// canonicalServices identifies a service by its NHS service code, since each
// system writes the name in its own way; by the name if it has no code.
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

// canonicalFacilities ignores case and spacing.
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
