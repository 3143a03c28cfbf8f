package casestore_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// The organisations whose checks are overdue are those that an overdue notice to a list
// would still name, whatever was checked and stated since.
func TestChecksThatAreOverdueAreThoseThatANoticeNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	today := profile.NewDate(2026, time.November, 16)
	w.at.Now = today.Time().Add(12 * time.Hour)
	codes := []profile.ODSCode{"FA001", "FA002", "A81001", "RA1"}
	w.Exec(`insert into profile (code, name, type, icb) values ('FA001', 'P', 'pharmacy', 'QAA'), ('FA002', 'Q', 'pharmacy', 'QAA'),
		('A81001', 'R', 'gp-practice', 'QAA'), ('RA1', 'S', 'trust', 'QAA');
		insert into account (email, name, state) values ('m@example.org', 'M', 'active');
		insert into letter (reference, kind, list, stage, quarter, codes) values
			('check/1', 'check-overdue', 'QAA', 'overdue', '2026-07-01', '{FA001,FA002,A81001,RA1}'),
			('check/0', 'check-overdue', 'QAA', 'overdue', '2026-04-01', '{FA001}')`)
	orgs := peoplestore.New(w.DB)
	reminding := people.ReminderContext{Today: today, Calendar: w.at.Calendar, Rules: w.at.Rules}
	day := people.StageDay{Stage: people.StageOverdue, Quarter: people.QuarterOn(profile.NewDate(2026, time.July, 1))}
	sections := rapid.SliceOfNDistinct(rapid.SampledFrom(people.Sections()), 5, -1, rapid.ID[people.Section])
	stated := rapid.SampledFrom([][]string{{"2026-12-25", "2026-12-28"}, {"2026-12-25", "2026-12-28", "2027-01-01"}, {"2026-12-25"}})
	seen := make(map[int]bool)
	rapid.Check(t, func(r *rapid.T) {
		state := []string{"delete from section_checked; delete from section_check; delete from dated_opening_period"}
		for _, code := range codes {
			for _, section := range sections.Draw(r, "sections") {
				days := rapid.SampledFrom([]int{0, 1, 40, 137, 138, 138, 139, 411}).Draw(r, "days")
				state = append(state, fmt.Sprintf("insert into section_check (code, section, account_id, at) values ('%s', '%s', 1, '%s 12:00Z')",
					code, section, today.AddDays(-days)))
			}
			for _, date := range stated.Draw(r, "stated") {
				state = append(state, fmt.Sprintf("insert into dated_opening_period (code, date) values ('%s', '%s')", code, date))
			}
		}
		w.Exec(strings.Join(state, ";"))
		w.looks()
		all, err := orgs.Orgs(t.Context(), codes, today)
		require.NoError(r, err)
		reminder, _ := reminding.ForList("QAA", all, day)
		var want []string
		for _, code := range reminder.Codes {
			want = append(want, fmt.Sprintf("check-overdue | %s | open", code))
		}
		seen[len(want)] = true
		require.ElementsMatch(r, want, w.stand())
	})
	require.Greater(t, len(seen), 2, "the cases that are drawn say little")
}
