package officepages

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/pagetest"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

var (
	at  = time.Date(2026, 11, 18, 9, 30, 0, 0, time.UTC)
	day = profile.NewDate(2026, time.November, 18)
)

func pages(t *testing.T) map[string]page.Page {
	t.Helper()
	address, err := people.ParseEmailAddress("mary@example.org")
	require.NoError(t, err)
	known := names{1: {Name: people.NewPersonName("Mary <Major>"), Address: address}}
	mary := peoplestore.Account{
		ID: "u-1", Kind: "member", State: people.AccountActive, LastActive: at, LeaveUntil: day,
		Members: []peoplestore.Membership{{Code: "FA420", Name: "Jasons Pharmacy", Role: "manager", Since: at, Until: at}},
		History: []peoplestore.AccountChange{{What: "state", Old: "invited", New: "active", Actor: "u-1", At: at, Reason: "signed in"}},
	}
	ended := mary
	ended.ID, ended.State, ended.LeaveUntil = "u-2", people.AccountDeactivated, profile.Date{}
	report := reportstore.FrozenReport{
		Day: day, From: at.AddDate(0, 0, -1), Until: at, Rows: 1204, Digest: "4f0c", Frozen: at, Deliveries: 3,
	}
	listing := upkeep.Listing{
		Listing: runstore.Listing{Source: profile.SourceODS, Report: "etr", AsOf: day, Records: 273, Run: 12, Actor: "daemon"}, AgeDays: 1,
	}
	byHand := upkeep.Listing{
		Listing: runstore.Listing{
			Source: profile.SourceERS, Report: "services", AsOf: day, Records: 39500, Actor: "cid", Reason: "a wrong date",
		},
	}
	tokens := []accessstore.Token{
		{Name: "monitor", Verbs: []string{"read"}, CreatedBy: "cid", Created: at, Valid: true, LastUsed: day},
		{Name: "old", Verbs: []string{"read", "approve"}, CreatedBy: "cid", Created: at, RevokedBy: "cid"},
		{Name: "late", CreatedBy: "cid", Created: at, Expires: at},
	}
	many := make([]accessstore.Token, mostTokens+2)
	for i := range many {
		many[i] = accessstore.Token{Name: fmt.Sprintf("machine-%03d", i), CreatedBy: "cid", Created: at, RevokedBy: "cid"}
	}
	older := report
	older.Day = day.AddDays(-1)
	list := peoplestore.AccountFilter{Most: mostAccounts + 1}
	second := peoplestore.AccountFilter{State: people.AccountActive, After: 100, Most: 2}
	return map[string]page.Page{
		"accounts":       accountsPage([]peoplestore.Account{mary, ended}, list, true, nil),
		"accounts-named": accountsPage([]peoplestore.Account{mary}, list, true, known),
		"account":        accountPage(mary, true, true, nil, "", ""), "account-ended": accountPage(ended, false, true, nil, "", ""),
		"account-named":      accountPage(mary, true, false, known, "", ""),
		"accounts-of-reader": accountsPage([]peoplestore.Account{mary}, list, false, nil),
		"reports":            reportsPage([]reportstore.FrozenReport{report}, mostReports, true), "report": reportPage(report, "qwo"),
		"accounts-more": accountsPage([]peoplestore.Account{mary, ended}, second, true, nil),
		"reports-more":  reportsPage([]reportstore.FrozenReport{report, older}, 1, false),
		"tokens-more":   tokensPage(tokensAfter(many, "machine-000"), wanted{}, true), "tokens-first": tokensPage(many[:1], wanted{}, false),
		"reports-none": reportsPage(nil, mostReports, false),
		"listings":     listingsPage([]upkeep.Listing{listing, byHand}, true, [3]string{}), "tokens": tokensPage(tokens, wanted{}, true),
		"actions": actionsPage(
			[]accessstore.SignedIn{{Actor: "u-1", Sessions: 2, Since: at, Until: at}},
			[]accessstore.Action{{ID: 2, At: at, Actor: "u-<1>", Operation: "approve", Subject: "12", Outcome: accessstore.Done}},
		),
		"actions-none": actionsPage(nil, nil),
		"token-new":    newTokenPage(wanted{name: "monitor"}, "psync_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"),
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	for name, p := range pages(t) {
		pagetest.Golden(t, name, p)
	}
}

func TestPagesInBrowser(t *testing.T) {
	t.Parallel()
	pagetest.Look(t, pages(t))
}
