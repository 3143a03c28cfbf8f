package officepages

import (
	"github.com/profilesync/profilesync/cmd/internal/spool"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

type room struct {
	do      upkeep.Upkeep
	tokens  *accessstore.Store
	desk    *web.Desk
	readers *spool.Readers
}

// Add adds the pages to a desk.
func Add(d *web.Desk, do *actions.Actions) {
	m := room{upkeep.Upkeep{Actions: do}, do.App.Store.Access, d, wiring.ReportReaders()}
	d.Serve(web.Route{Path: "/accounts", Verb: guard.Read, Show: m.accounts, Deeds: []web.Deed{
		{Name: "names", Verb: guard.People, Operation: "name-accounts", Subject: stateOf, Answer: m.named},
	}})
	ofID := web.OfPath("id")
	d.Serve(web.Route{Path: "/accounts/{id}", Verb: guard.Read, Show: m.account, Deeds: []web.Deed{
		{Name: "name", Verb: guard.People, Operation: "name-account", Subject: ofID, Answer: m.namedAccount},
		{Name: "reactivate", Verb: guard.Administer, Operation: "reactivate-account", Subject: ofID, Do: m.reactivate},
		{Name: "leave", Verb: guard.Administer, Operation: "leave-account", Subject: ofID, Do: m.leave},
		{Name: "end-leave", Verb: guard.Administer, Operation: "leave-account", Subject: ofID, Do: m.endLeave},
	}})
	d.Serve(web.Route{Path: "/reports", Verb: guard.Read, Within: web.Long, Show: m.reports, Deeds: []web.Deed{
		{Name: "make", Verb: guard.Administer, Operation: "make-reports", Do: m.makeReports},
	}})
	d.Serve(web.Route{Path: "/reports/{day}", Verb: guard.Read, Show: m.report})
	d.Handle("GET /reports/{day}/page", d.Guarded(guard.Read, m.reportPage))
	d.Serve(web.Route{Path: "/listings", Verb: guard.Read, Show: m.listings, Deeds: []web.Deed{
		{Name: "reset", Verb: guard.Administer, Operation: "reset-listing", Subject: ofReport, Do: m.reset},
	}})
	d.Serve(web.Route{Path: "/tokens", Verb: guard.Administer, Show: m.tokenList, Deeds: []web.Deed{
		{Name: "add", Verb: guard.Administer, Operation: "add-token", Subject: ofName, Answer: m.addToken},
		{Name: "revoke", Verb: guard.Administer, Operation: "revoke-token", Subject: ofName, Do: m.revoke},
	}})
	d.Serve(web.Route{Path: "/actions", Verb: guard.Administer, Show: m.actions, Deeds: []web.Deed{
		{Name: "end", Verb: guard.Administer, Operation: "end-sessions", Subject: whose, Do: m.endSessions},
	}})
	d.Done["ended"] = "They are signed out everywhere. Whoever is still in a group can sign in again."
	d.Done["reactivated"] = "The person can sign in again."
	d.Done["leave"] = "The leave was noted."
	d.Done["leave-ended"] = "The leave has ended."
	d.Done["made"] = "The reports that were due have been made."
	d.Done["reset"] = "The day of the listing was set."
	d.Done["revoked"] = "The token was revoked. Every daemon refuses it within 3 seconds."
}
