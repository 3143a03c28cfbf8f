package runtext

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/internal/visible"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// GroupShown is how many profiles of a group are shown unless all are wanted.
const GroupShown = 20

// Group is changes of one kind as a table.
type Group struct {
	Title  string
	Header string // see columns.Write
	Rows   [][]string
	Hidden int // profiles of the kind that are not shown
}

// WriteGroups writes groups, each with an empty line after it.
func WriteGroups(to io.Writer, groups []Group) {
	for _, g := range groups {
		_, _ = fmt.Fprintln(to, visible.Line(g.Title))
		columns.Write(to, g.Header, g.Rows)
		if g.Hidden > 0 {
			_, _ = fmt.Fprintf(to, "… and %d more (--all)\n", g.Hidden)
		}
		_, _ = fmt.Fprintln(to)
	}
}

// Boards returns the name of an ICB, empty where it is not known.
type Boards func(icb string) string

// change is Change, with the names of boards beside their codes.
func (b Boards) change(field, before, after string) []string {
	field, before, after = Change(field, before, after)
	if field == profile.FieldICB.String() {
		before, after = b.named(before), b.named(after)
	}
	return []string{field, before, after}
}

func (b Boards) named(icb string) string {
	if icb == "" {
		return ""
	}
	return strings.TrimSpace(icb + " " + b(icb))
}

// PlanGroups returns the changes of a plan, which must be in the order in which
// people read them.
func PlanGroups(changes []planstore.Shown, boards Boards) (groups []Group) {
	type kind struct {
		withheld runs.WithheldReason
		verb     runs.Verb
		orgType  profile.OrgType
		fact     string
	}
	for _, of := range grouped(changes, func(c planstore.Shown) kind { return kind{c.Withheld, c.Verb, c.Type, c.Fact} }) {
		c := of[0]
		title := fmt.Sprintf("%s: %d %s", does(c.Verb, c.Fact), c.Profiles, c.Type)
		if c.Withheld != "" {
			title = fmt.Sprintf("withheld (%s): %s", c.Withheld, title)
		}
		group := Group{Title: title, Header: "CODE | NAME | FIELD | BEFORE | AFTER"}
		shown := make(map[profile.ODSCode]bool)
		for _, c := range of {
			shown[c.Code] = true
			row := append([]string{c.Code.String(), c.Name}, boards.change(c.Field, c.Old, c.New)...)
			if c.Verb == runs.Create {
				row = row[:atField]
			}
			group.Rows = append(group.Rows, row)
		}
		group.leaveOutField(c.Fact)
		group.Hidden = c.Profiles - len(shown)
		groups = append(groups, group)
	}
	return groups
}

// atField is the place of the column FIELD.
const atField = 2

// leaveOutField leaves the column out where it says only what the title says.
func (g *Group) leaveOutField(fact string) {
	names := strings.Split(g.Header, " | ")
	if len(g.Rows[0]) == atField { // creations
		g.Header = strings.Join(names[:atField], " | ")
		return
	}
	if slices.ContainsFunc(g.Rows, func(row []string) bool { return row[atField] != fact }) {
		return
	}
	g.Header = strings.Join(slices.Delete(names, atField, atField+1), " | ")
	for i, row := range g.Rows {
		g.Rows[i] = slices.Delete(row, atField, atField+1)
	}
}

// does says what changes of a kind do.
func does(verb runs.Verb, fact string) string {
	switch verb {
	case runs.Update:
		return "update " + fact
	case runs.Missing:
		return "mark as missing"
	case runs.MakeDormant:
		return "make dormant"
	default:
		return string(verb)
	}
}

// WaitingGroups returns what waits for a decision, which must be in the order in
// which people read it; of each kind the first profiles, unless all are wanted.
func WaitingGroups(waiting []runstore.WaitingRow, boards Boards, all bool) (groups []Group) {
	type kind struct {
		run    runs.ID
		does   string
		reason runs.WithheldReason
	}
	kindOf := func(w runstore.WaitingRow) kind {
		fact, _, _ := strings.Cut(w.Fact, "/")
		return kind{w.Run, strings.TrimSpace(string(w.Verb) + " " + fact), w.Withheld}
	}
	for _, of := range grouped(waiting, kindOf) {
		k, profiles := kindOf(of[0]), make(map[profile.ODSCode]bool)
		group := Group{Header: "CODE | NAME | FIELD | BEFORE | AFTER | WAITS SINCE"}
		for _, w := range of {
			if profiles[w.Code] = true; all || len(profiles) <= GroupShown {
				row := append([]string{w.Code.String(), w.Name}, boards.change(w.Field, w.Old, w.New)...)
				group.Rows = append(group.Rows, append(row, since(w)))
			}
		}
		if !all {
			group.Hidden = max(0, len(profiles)-GroupShown)
		}
		group.leaveOutField(of[0].Fact)
		group.Title = fmt.Sprintf("run %d, %s: %d %s, %s", k.run, of[0].Report, len(profiles), k.does, k.reason)
		groups = append(groups, group)
	}
	return groups
}

// RehearsedGroups returns what of a rehearsal can be approved ahead, and what of it was,
// which must be in the order in which people read it.
func RehearsedGroups(rows []planstore.Rehearsed, boards Boards, all bool) (groups []Group) {
	type kind struct {
		reason  runs.WithheldReason
		verb    runs.Verb
		orgType profile.OrgType
		fact    string
	}
	for _, of := range grouped(rows, func(r planstore.Rehearsed) kind { return kind{r.Withheld, r.Verb, r.Type, r.Fact} }) {
		profiles := make(map[profile.ODSCode]bool)
		group := Group{Header: "CODE | NAME | FIELD | BEFORE | AFTER | APPROVAL"}
		for _, r := range of {
			if profiles[r.Code] = true; all || len(profiles) <= GroupShown {
				row := append([]string{r.Code.String(), r.Name}, boards.change(r.Field, r.Old, r.New)...)
				group.Rows = append(group.Rows, append(row, columns.OneLine(r.Fate())))
			}
		}
		if !all {
			group.Hidden = max(0, len(profiles)-GroupShown)
		}
		group.leaveOutField(of[0].Fact)
		group.Title = fmt.Sprintf("withheld (%s): %s: %d %s", of[0].Withheld, does(of[0].Verb, of[0].Fact), len(profiles), of[0].Type)
		groups = append(groups, group)
	}
	return groups
}

func since(w runstore.WaitingRow) string {
	text := fmt.Sprintf("%s, run %d", w.Since.In(profile.London()).Format("2006-01-02"), w.SinceRun)
	if w.Approved != 0 {
		text += fmt.Sprintf(", approved in run %d", w.Approved)
	}
	return text
}

// grouped returns the rows by kind, in the order of the first of each.
func grouped[R any, K comparable](rows []R, kindOf func(R) K) (groups [][]R) {
	at := make(map[K]int)
	for _, row := range rows {
		n, known := at[kindOf(row)]
		if !known {
			n = len(groups)
			at[kindOf(row)], groups = n, append(groups, nil)
		}
		groups[n] = append(groups[n], row)
	}
	return groups
}

// differenceRows say where a run would not have done what its plan shows.
func differenceRows(d *runs.Differs) (rows [][]string) {
	if d == nil {
		return nil
	}
	rows = append(rows, []string{"differs", d.String()})
	for _, r := range d.Rows {
		what := strings.TrimSpace(r.Code.String() + " " + r.Field)
		planned, now := intents(r.Planned, r.Now)
		rows = append(rows, []string{"", fmt.Sprintf("%s: planned %s; now %s", what, planned, now)})
	}
	if more := d.New + d.Gone + d.Other - len(d.Rows); more > 0 {
		rows = append(rows, []string{"", fmt.Sprintf("and %d more", more)})
	}
	return rows
}

// intents says what a plan does to a field, and what would be done now. Of two new
// profiles it says what is not the same.
func intents(planned, now *runs.Intent) (was, is string) {
	was, is = intent(planned), intent(now)
	if planned == nil || now == nil || planned.Verb != runs.Create || now.Verb != runs.Create {
		return was, is
	}
	var before, after map[string]string
	if json.Unmarshal([]byte(planned.New), &before) != nil || json.Unmarshal([]byte(now.New), &after) != nil {
		return was, is
	}
	return was + others(before, after), is + others(after, before)
}

// others lists the values that are not the same on the other side.
func others(values, other map[string]string) (text string) {
	all := maps.Clone(other)
	maps.Copy(all, values)
	for _, field := range slices.Sorted(maps.Keys(all)) {
		switch values[field] {
		case other[field]:
		case "":
			text += ", no " + field
		default:
			text += fmt.Sprintf(", %s %q", field, columns.OneLine(values[field]))
		}
	}
	return text
}

// intent says what a plan does to a field.
func intent(i *runs.Intent) (text string) {
	if i == nil {
		return "nothing"
	}
	switch i.Verb {
	case runs.Create:
		text = "a new profile"
	case runs.Missing:
		text = "missing"
	default:
		text = columns.OneLine(i.Old) + " -> " + columns.OneLine(i.New)
	}
	if i.Withheld != "" {
		text += fmt.Sprintf(" (withheld: %s)", i.Withheld)
	}
	return text
}
