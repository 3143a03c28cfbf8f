// Package planstore reads the plans that people were shown, and stores what they
// approve of rehearsals ahead.
//
//	shown.go    the changes of a plan, as people read them
//	ahead.go    approvals ahead: what can be approved of a rehearsal, approving, withdrawing
//	use.go      what a run does with them, in its own transactions
//
// # What fences each write
//
//	write                            fence
//	approval ahead                   the plan's lock, and no change of it is approved, used, rejected or undone already:
//	                                 whoever approves second learns by whom
//	withdrawal                       state open, and no run that is being planned has read it
//	use by a run                     state open, in the transaction that seals the plan of the run: it is used with the plan or not
//	end by a rejection, an undo      state open
package planstore

import (
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/planstore/plansql"
)

// Store reads plans, and stores approvals ahead.
type Store struct {
	db *postgres.DB
	q  *plansql.Queries
}

// New returns the store of a database.
func New(db *postgres.DB) *Store { return &Store{db: db, q: plansql.New(db)} }
