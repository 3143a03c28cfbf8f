package website

import (
	"encoding/json"
	"slices"
)

// entry is a row of a list that we own as a whole.
type entry interface {
	line() string                    // as a profile has it; empty: it means nothing to us
	subject() string                 // what the row is about, whatever it says
	writtenKeys() map[string]*string // the keys that we write, besides what it is about
}

func linesOf[E entry](rows []E) (lines []string) {
	for _, row := range rows {
		if line := row.line(); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// mergeRows merges our rows into those of the website. A row that is the same there stays
// unchanged, even if it is there twice. A row about the same thing that differs is
// changed, but keeps the keys that we do not write. Rows that mean nothing to us
// stay. raw holds the rows of now as they were received.
func mergeRows[E entry](ours, now []E, raw []json.RawMessage) []any {
	wanted := linesOf(ours)
	same, differing := make(map[string][]json.RawMessage), make(map[string][]json.RawMessage)
	var unread []json.RawMessage
	for i, row := range now {
		switch line, about := row.line(), row.subject(); {
		case line == "":
			unread = append(unread, raw[i])
		case slices.Contains(wanted, line):
			same[line] = append(same[line], raw[i])
		default:
			differing[about] = append(differing[about], raw[i])
		}
	}
	rows := []any{}
	for _, row := range ours {
		line, about := row.line(), row.subject()
		switch {
		case len(same[line]) > 0:
			rows = appendRaw(rows, same[line])
		case len(differing[about]) > 0:
			rows = append(rows, overwrite(differing[about][0], row))
			differing[about] = differing[about][1:]
		default:
			rows = append(rows, row)
		}
	}
	return appendRaw(rows, unread)
}

func appendRaw(rows []any, raw []json.RawMessage) []any {
	for _, row := range raw {
		rows = append(rows, row)
	}
	return rows
}

// overwrite returns a row of the website with the keys that we write set to ours.
func overwrite(raw json.RawMessage, ours entry) any {
	var row map[string]json.RawMessage
	if err := json.Unmarshal(raw, &row); err != nil {
		return ours
	}
	parts := make(map[string]any)
	for key, value := range ours.writtenKeys() {
		parts[key] = value
	}
	text, err := replaceParts(row, parts)
	if err != nil {
		return ours
	}
	return json.RawMessage(text)
}

// splitByList divides our services into the two lists. Those that the website has among
// the urgent ones stay there.
func splitByList(ours organisation, urgentNow []service) (general, urgent []service) {
	general, urgent = []service{}, ours.UecServices
	for _, row := range ours.Services {
		if slices.ContainsFunc(urgentNow, func(s service) bool { return s.subject() == row.subject() }) {
			urgent = append(urgent, row)
		} else {
			general = append(general, row)
		}
	}
	return general, urgent
}
