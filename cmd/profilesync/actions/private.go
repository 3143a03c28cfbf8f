package actions

import (
	"context"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/historystore"
)

// What people gave as the reason in the audit of profiles, accounts and closures may name
// anybody: only who may see people reads it. The reasons of holds, of cases, of listings
// that were reset and of the stop of letters are for everybody who comes across them, which their forms say.

// seesPeople reports whether the caller may see people.
func seesPeople(ctx context.Context) bool {
	principal, _ := guard.From(ctx)
	return principal.May(guard.People)
}

func auditFor(ctx context.Context, rows []postgres.Audited) []postgres.Audited {
	if !seesPeople(ctx) {
		for i := range rows {
			rows[i].Reason = ""
		}
	}
	return rows
}

func closuresFor(ctx context.Context, closures []casestore.ListedClosure) []casestore.ListedClosure {
	if !seesPeople(ctx) {
		for i := range closures {
			closures[i].Reason = ""
		}
	}
	return closures
}

func explainedFor(ctx context.Context, told historystore.Explained) historystore.Explained {
	if seesPeople(ctx) {
		return told
	}
	for i := range told.Changes {
		told.Changes[i].Reason = ""
	}
	for i := range told.TakenBack {
		told.TakenBack[i].Reason = ""
	}
	for i := range told.Closures {
		told.Closures[i].Reason = ""
	}
	return told
}
