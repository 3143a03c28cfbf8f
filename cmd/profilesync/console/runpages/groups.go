package runpages

import (
	"slices"
	"strings"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/words"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// values names the boards in the values of changes.
type values struct{ board func(icb string) string }

// change returns a change as people read it: the field, before and after.
func (v values) change(field, before, after string) (shown string, was, is page.Cell) {
	name, old, now := runtext.Change(field, before, after)
	was, is = page.Cell{Text: old, Old: true}, page.Say(now)
	if field == profile.FieldICB.String() {
		was.Soft, is.Soft = v.named(before), v.named(after)
	}
	return words.Field(name), was, is
}

func (v values) named(icb string) string {
	if icb == "" || v.board == nil {
		return ""
	}
	return v.board(icb)
}

// byKey groups rows, in the order of the first of each group.
func byKey[R any, K comparable](rows []R, key func(R) K) (groups [][]R) {
	at := make(map[K]int)
	for _, row := range rows {
		n, known := at[key(row)]
		if !known {
			n = len(groups)
			at[key(row)], groups = n, append(groups, nil)
		}
		groups[n] = append(groups[n], row)
	}
	return groups
}

// atField is the place of the column with the field.
const atField = 1

// kindOfChange is what changes of one table have in common.
type kindOfChange struct {
	withheld runs.WithheldReason
	verb     runs.Verb
	orgType  profile.OrgType
	fact     string
}

// title says what changes of a kind do: Integrated care board of 55 trusts.
func title(verb runs.Verb, fact string, profiles int, orgType profile.OrgType) string {
	fact, _, _ = strings.Cut(fact, "/")
	of := page.Many(profiles, orgType.Words()+" profile", orgType.Words()+" profiles")
	switch verb {
	case runs.Update:
		return words.Field(fact) + " of " + of
	case runs.Create:
		return page.Many(profiles, "new "+orgType.Words()+" profile", "new "+orgType.Words()+" profiles")
	default:
		return words.Sentence(words.Does(verb)) + ": " + of
	}
}

// planned are the changes of a plan, kind by kind.
func planned(changes []planstore.Shown, v values, all string) (sections []page.Block) {
	for _, of := range byKey(changes, func(c planstore.Shown) kindOfChange { return kindOfChange{c.Withheld, c.Verb, c.Type, c.Fact} }) {
		first, profiles := of[0], make(map[profile.ODSCode]bool)
		t := page.Table{Caption: page.Many(first.Profiles, "profile", "profiles"), Columns: page.Names("Code", "Field", "Before", "After")}
		if first.Verb == runs.Create {
			t.Columns = page.Names("Code")
		}
		for _, c := range of {
			profiles[c.Code] = true
			row := page.Row{words.Profile(c.Code, c.Name)}
			if first.Verb == runs.Create {
				row[0].To = "" // there is no profile yet
			} else {
				field, was, is := v.change(c.Field, c.Old, c.New)
				row = append(row, page.Say(field), was, is)
			}
			t.Rows = append(t.Rows, row)
		}
		if first.Verb != runs.Create {
			leaveOut(&t, atField)
		}
		if hidden := first.Profiles - len(profiles); hidden > 0 {
			t.More = page.Link{Text: "and " + page.Many(hidden, "more profile", "more profiles"), To: all}
		}
		s := page.Section{Title: title(first.Verb, first.Fact, first.Profiles, first.Type)}
		if first.Withheld != "" {
			s.Blocks = append(s.Blocks, page.Inset{
				Title: "It would wait for a decision", Text: words.Sentence(words.Withheld(first.Withheld)) + ".", Warning: true,
			})
		}
		s.Blocks = append(s.Blocks, t)
		sections = append(sections, s)
	}
	return sections
}

// summary is what a run did, or what a plan would do.
func summary(s runs.Summary) (rows page.Summary) {
	if s.Digest != "" { // without a plan nothing was counted
		if s.Records+s.Rejected > 0 { // a decision reads none
			rows = append(rows, page.SummaryRow{
				Key: "Records", Value: page.Say(page.Many(s.Records, "record was read", "records were read") + unread(s.Rejected)),
			})
		}
		rows = append(rows, page.Summary{
			{Key: "Profiles", Value: page.Say(page.Count(s.Population) + " open afterwards")},
			{Key: "Changes", Value: page.Cell{Text: counted(s.Changes), Soft: fieldsOf(s.Fields)}},
		}...)
	}
	for _, w := range s.Withheld {
		rows = append(
			rows,
			page.SummaryRow{Key: "Withheld", Value: page.Cell{Text: ofHowMany(w), Soft: words.Sentence(words.Withheld(w.Reason))}},
		)
	}
	for _, row := range runtext.Rows(s)[1:] { // after the title
		if !saidAbove[row[0]] {
			rows = append(rows, page.SummaryRow{Key: words.Sentence(row[0]), Value: page.Say(words.NoCommands(row[1]))})
		}
	}
	if s.NewLayout != nil && len(s.NewLayout.NotCompared) > 0 {
		fields := make([]string, len(s.NewLayout.NotCompared))
		for i, name := range s.NewLayout.NotCompared {
			fields[i] = words.Field(name)
		}
		rows = append(rows, page.SummaryRow{
			Key: "Not compared", Value: page.Cell{Text: strings.Join(fields, ", "), Soft: "a different meaning in the new layout"},
		})
	}
	if len(s.Noted) > 0 {
		rows = append(rows, page.SummaryRow{Key: "Bad values", Value: page.Say(fieldsOf(s.Noted))})
	}
	return append(rows, leftOut(s.LeftOut)...)
}

// mostLeftOut is how many fields that were left out are named in a summary.
const mostLeftOut = 20

// leftOut says what a decision or an undo leaves as it is, and why.
func leftOut(left []runs.LeftOut) (rows page.Summary) {
	for i, l := range left {
		if i == mostLeftOut {
			return append(rows, page.SummaryRow{Key: "Left out", Value: page.Say("and " + page.Count(len(left)-i) + " more")})
		}
		what := words.Profile(l.Code, "")
		what.Soft = words.Sentence(runtext.WhyLeft(l.Because))
		if l.Field != "" {
			what.Soft = words.Field(l.Field) + ": " + runtext.WhyLeft(l.Because)
		}
		rows = append(rows, page.SummaryRow{Key: "Left out", Value: what})
	}
	return rows
}

// ofHowMany says how many profiles of how many something is about: Region of 3 of 20 trust profiles.
func ofHowMany(w runs.Withheld) string {
	what := page.Count(w.Count) + " of " + page.Many(w.Of, w.Type.Words()+" profile", w.Type.Words()+" profiles")
	if w.Field != "" {
		what = words.Field(w.Field) + " of " + what
	}
	return what
}

// saidAbove are the rows of runtext.Rows that summary says itself, in more words.
var saidAbove = map[string]bool{
	"records": true, "profiles": true, "changes": true, "fields": true, "withheld": true, "not compared": true, "bad values": true,
	"left out": true,
}

func unread(rejected int) string {
	if rejected == 0 {
		return ""
	}
	return ", " + page.Count(rejected) + " could not be understood"
}

func counted(c runs.ChangeCounts) string {
	var parts []string
	for _, part := range []struct {
		count int
		does  string
	}{{c.Create, "created"}, {c.Update, "updated"}, {c.Close, "closed"}, {c.Reopen, "reopened"}, {c.Dormant, "made dormant"}} {
		if part.count > 0 {
			parts = append(parts, page.Count(part.count)+" "+part.does)
		}
	}
	if len(parts) == 0 {
		return words.None
	}
	return strings.Join(parts, ", ")
}

func fieldsOf(counts map[string]int) string {
	var parts []string
	for _, f := range profile.Fields() {
		if n := counts[f.String()]; n > 0 {
			parts = append(parts, f.Label()+" "+page.Count(n))
		}
	}
	return strings.Join(parts, ", ")
}

// leaveOut leaves a column of a table out that says the same in every row, as the heading
// does.
func leaveOut(t *page.Table, column int) {
	for _, row := range t.Rows {
		if row[column].Text != t.Rows[0][column].Text {
			return
		}
	}
	t.Columns = slices.Delete(t.Columns, column, column+1)
	for i, row := range t.Rows {
		t.Rows[i] = slices.Delete(row, column, column+1)
	}
}
