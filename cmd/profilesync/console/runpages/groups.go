package runpages

import (
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
	for i, row := range runtext.Rows(s) {
		if i == 0 {
			continue // the title
		}
		rows = append(rows, page.SummaryRow{Key: words.Sentence(row[0]), Value: page.Say(row[1])})
	}
	return rows
}
