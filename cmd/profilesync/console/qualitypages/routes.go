package qualitypages

import (
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
)

type room struct{ do upkeep.Upkeep }

// Add adds the pages to a desk.
func Add(d *web.Desk, do *actions.Actions) {
	m := room{upkeep.Upkeep{Actions: do}}
	d.Serve(web.Route{Path: "/checks", Verb: guard.Read, Within: web.Long, Show: m.checks, Deeds: []web.Deed{
		{Name: "run", Verb: guard.Reconcile, Operation: "run-checks", Subject: ofCodes, Do: m.runChecks},
	}})
	d.Serve(web.Route{Path: "/records", Verb: guard.Read, Show: m.quarantine})
	d.Serve(web.Route{Path: "/records/contradictions", Verb: guard.Read, Show: m.contradictions})
	d.Serve(web.Route{Path: "/records/flags", Verb: guard.Read, Show: m.flags})
	d.Serve(web.Route{Path: "/records/owners", Verb: guard.Read, Show: m.owners})
	d.Done["checks-run"] = "The quality checks were made. What they found is among these."
	d.Done["checks-alarm"] = "DoS shows so little that nothing was kept: see first whether it answers as it should."
	d.Done["checks-failed"] = "The quality checks could not be made to their end: nothing was kept."
}
