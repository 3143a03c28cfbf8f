package website

import (
	"encoding/json"
	"slices"
)

// entry is a row of a list that is ours as a whole.
type entry interface {
	line() string             // as a profile has it; empty: it says nothing to us
	thing() string            // what it is about, whatever it says of that
	says() map[string]*string // what we write of it, beside what it is about
}

func linesOf[E entry](rows []E) (lines []string) {
	for _, row := range rows {
		if line := row.line(); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// laid are our rows, laid over those of the website: what it has just so stays
// as it came, also twice; what it has otherwise keeps what we do not write; what
// says nothing to us stays. raw are the rows of now as they came.
func laid[E entry](ours, now []E, raw []json.RawMessage) []any {
	wanted := linesOf(ours)
	same, otherwise := make(map[string][]json.RawMessage), make(map[string][]json.RawMessage)
	var mute []json.RawMessage
	for i, row := range now {
		switch line, thing := row.line(), row.thing(); {
		case line == "":
			mute = append(mute, raw[i])
		case slices.Contains(wanted, line):
			same[line] = append(same[line], raw[i])
		default:
			otherwise[thing] = append(otherwise[thing], raw[i])
		}
	}
	rows := []any{}
	for _, row := range ours {
		line, thing := row.line(), row.thing()
		switch {
		case len(same[line]) > 0:
			rows = appendRaw(rows, same[line])
		case len(otherwise[thing]) > 0:
			rows = append(rows, overwrite(otherwise[thing][0], row))
			otherwise[thing] = otherwise[thing][1:]
		default:
			rows = append(rows, row)
		}
	}
	return appendRaw(rows, mute)
}

func appendRaw(rows []any, raw []json.RawMessage) []any {
	for _, row := range raw {
		rows = append(rows, row)
	}
	return rows
}

// overwrite is a row of the website that says what ours does.
func overwrite(raw json.RawMessage, ours entry) any {
	var row map[string]json.RawMessage
	if err := json.Unmarshal(raw, &row); err != nil {
		return ours
	}
	parts := make(map[string]any)
	for key, value := range ours.says() {
		parts[key] = value
	}
	text, err := written(row, parts)
	if err != nil {
		return ours
	}
	return json.RawMessage(text)
}

// splitByList are our services by list. Those that the website has among the urgent
// ones stay there.
func splitByList(ours organisation, urgentNow []service) (general, urgent []service) {
	general, urgent = []service{}, ours.UecServices
	for _, row := range ours.Services {
		if slices.ContainsFunc(urgentNow, func(s service) bool { return s.thing() == row.thing() }) {
			urgent = append(urgent, row)
		} else {
			general = append(general, row)
		}
	}
	return general, urgent
}
