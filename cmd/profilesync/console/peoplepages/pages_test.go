package peoplepages

import (
	"testing"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/pagetest"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

var (
	at  = time.Date(2026, 11, 18, 9, 30, 0, 0, time.UTC)
	day = profile.NewDate(2026, time.November, 18)
)

func inactive(may bool) idle {
	verdict := func(id people.AccountID, step people.IdleStep) people.IdleVerdict {
		return people.IdleVerdict{Account: id, Step: step, Since: day.AddDays(-190), Ends: day, Why: "nobody signed in for 190 days"}
	}
	return idle{
		mayApply: may, mayApprove: may, plan: peoplejobs.IdlePlan{
			Accounts: 1204, Withheld: true, Warn: []people.IdleVerdict{verdict(1, people.IdleWarnFirst), verdict(2, people.IdleWarnLast)},
			End:  []people.Ending{{IdleVerdict: verdict(3, people.IdleDeactivate)}, {IdleVerdict: verdict(4, people.IdleExpire)}},
			Keep: []people.IdleVerdict{verdict(5, people.IdleKeep), verdict(6, people.IdleHold)},
		},
		checks: []people.IdleRun{
			{ID: 9, State: "withheld", Actor: "daemon", At: at, Ending: 40, Accounts: 1204},
			{ID: 8, State: "approved", Actor: "cid", At: at, Ending: 30, Accounts: 1234, Ended: 29, DecidedBy: "bea"},
			{ID: 7, State: "done", Actor: "daemon", At: at, Ending: 1, Accounts: 1235, Ended: 1},
		},
	}
}

func pages() map[string]page.Page {
	reminders := []actions.DueReminder{
		{Stage: "first", Quarter: "2026-Q4", To: "u-4711", Missing: []string{"FA420 contact", "FA420 <b>opening-times</b>"}},
		{Stage: "last", Quarter: "2026-Q4", To: "list of QWO", Missing: []string{"FA421 contact"}},
	}
	letters := []peoplestore.ListedLetter{
		{
			ID:        3,
			Reference: "reminder-first/u-4711/2026-Q4",
			Kind:      "reminder-first",
			Account:   "u-4711",
			State:     "delivered",
			Made:      at,
			Accepted:  at,
		},
		{ID: 2, Reference: "report/QWO", Kind: "report", List: "QWO", State: "refused", Reason: "no <b>such</b> address", Made: at},
		{ID: 1, Reference: "warning/u-9", Kind: "warning", Account: "u-9", State: "due", Made: at},
	}
	other := idle{day: day, mayApply: true}
	return map[string]page.Page{
		"inactive": inactive(true).page(), "inactive-of-reader": inactive(false).page(), "inactive-other-day": other.page(),
		"reminders": remindersPage(reminders, day), "reminders-none": remindersPage(nil, profile.Date{}),
		"letters": lettersPage(letters, people.LetterIsRefused, 4711), "letters-none": lettersPage(nil, "", 0),
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	for name, p := range pages() {
		pagetest.Golden(t, name, p)
	}
}

func TestPagesInBrowser(t *testing.T) {
	t.Parallel()
	pagetest.Look(t, pages())
}
