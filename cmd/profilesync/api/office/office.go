// Package office holds the operations of the API on accounts of people, letters and
// reminders, reports, tokens, sessions, and what everybody did.
package office

import (
	"github.com/profilesync/profilesync/cmd/internal/spool"
	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
)

// server answers the operations.
type server struct {
	set     *operation.Set
	do      upkeep.Upkeep
	readers *spool.Readers // of reports
}

// Add adds the operations.
func Add(set *operation.Set, do upkeep.Upkeep) {
	s := &server{set, do, wiring.ReportReaders()}
	s.people()
	s.letters()
	s.reports()
	s.tokens()
	s.sessions()
}
