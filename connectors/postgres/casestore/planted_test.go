package casestore_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

var update = flag.Bool("update", false, "write golden files")

// planted is a state that needs a person, as the stores write it, and what mends it.
type planted struct {
	plant, mend string
	subject     string // and about, after " | "; FA001 if empty
}

// ordinary is a pharmacy with everything in order, and the people who can be told.
const ordinary = `
insert into profile (code, name, type, icb, postcode) values ('FA001', 'Example Pharmacy', 'pharmacy', 'QAA', 'AB1 2CD');
insert into account (email, name, kind, region, state) values ('m@example.org', 'M', 'member', '', 'active'),
	('l@example.org', 'L', 'lead', 'QAA', 'active'), ('a@example.org', 'A', 'administrator', '', 'active');
insert into membership (account_id, code, role) values (1, 'FA001', 'account-manager');`

func allPlanted() map[cases.Kind]planted {
	all := make(map[cases.Kind]planted)
	for _, some := range []map[cases.Kind]planted{plantedRuns(), plantedPushes(), plantedProfiles(), plantedPeople()} {
		maps.Copy(all, some)
	}
	return all
}

// For every kind: its state opens exactly one case, which reads well and is told to
// exactly its owner; mending the state ends it. A second look never finds anything.
func TestEveryKind(t *testing.T) {
	t.Parallel()
	all, texts := allPlanted(), make([]string, len(cases.Kinds()))
	t.Run("kinds", func(t *testing.T) {
		t.Parallel()
		for i, kind := range cases.Kinds() {
			p, found := all[kind]
			require.True(t, found, "%s: plant its state", kind)
			t.Run(string(kind), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.Exec(ordinary)
				require.True(t, w.looks().Empty(), "the ordinary world shows something")
				w.Exec(p.plant)
				opened := w.looks().Open
				require.Equal(t, []string{p.standing(kind)}, w.stand())
				require.Len(t, opened, 1)
				texts[i] = readable(t, opened[0].Case)
				require.Equal(t, recipientOf(kind.Owners()[0]), w.toldTo(kind.Urgent()))
				w.Exec(p.mend)
				require.Len(t, w.looks().End, 1)
				require.Empty(t, w.stand())
			})
		}
	})
	t.Cleanup(func() { golden(t, strings.Join(texts, "")) })
}

func (p planted) standing(kind cases.Kind) string {
	if p.subject == "" {
		p.subject = "FA001"
	}
	return fmt.Sprintf("%s | %s | open", kind, p.subject)
}

// readable returns the texts of a case, without its days.
func readable(t *testing.T, c cases.Case) string {
	t.Helper()
	text := fmt.Sprintf("%s\n    %s\n    %s\n", c.Kind, c.Title(), c.Next())
	require.NotContains(t, text, "{")
	require.NotContains(t, text, "  \n", "a fact is empty")
	require.NotRegexp(t, `[a-z]  [a-z]|\( ?\)|: *\n|@`, text, "a fact is empty, or an address")
	return regexp.MustCompile(`\d{1,2} [A-Z][a-z]+ \d{4}`).ReplaceAllString(text, "DAY")
}

func recipientOf(owner cases.Owner) []string {
	return map[cases.Owner][]string{
		cases.Managers: {"u-1"}, cases.Board: {"u-2"}, cases.ServiceDesk: {"list-service-desk"},
		cases.RegisterDesk: {"list-register-desk"}, cases.Operations: {"u-3"},
	}[owner]
}

// toldTo tells of what is due, urgently or on the next working day, and returns to whom.
func (w *world) toldTo(urgent bool) []string {
	w.Helper()
	at := w.at
	if !urgent {
		at.Now = at.Calendar.WorkingDayOnOrAfter(at.Today()).Time()
	}
	lists := map[profile.ODSCode]bool{cases.ServiceDeskList: true, cases.RegisterDeskList: true, people.NationalList: true}
	_, _, err := w.store.Tell(w.Context(), lists, at, !urgent)
	require.NoError(w, err)
	return pgtest.All[string](w.Database, `select t.recipient from case_told t join letter l using (reference)
		where l.state = 'due' and t.recipient = coalesce('u-' || l.account_id, 'list-' || l.list) order by 1`)
}

func golden(t *testing.T, got string) {
	t.Helper()
	const file = "testdata/texts.golden"
	if t.Failed() {
		return
	}
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "if it reads well: go test -update")
}
