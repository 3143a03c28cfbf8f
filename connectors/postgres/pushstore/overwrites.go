package pushstore

import (
	"context"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore/pushsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// overwriteRow is one row of what a push overwrites, in the form the statement reads.
type overwriteRow struct {
	Entry  string `json:"entry"`
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

func toOverwrites(overwrites []push.Overwrite) []overwriteRow {
	rows := make([]overwriteRow, len(overwrites))
	for i, o := range overwrites {
		rows[i] = overwriteRow{o.Entry, o.Field.String(), o.Before, o.After}
	}
	return rows
}

// Overwritten is a value that a push overwrote although nobody stated it.
type Overwritten struct {
	Sequence int64     `json:"sequence"` // of the push
	Entry    string    `json:"entry,omitempty"`
	Field    string    `json:"field"`
	Before   string    `json:"before"` // push.NotVisible if it cannot be read
	After    string    `json:"after"`
	At       time.Time `json:"at"`
}

// overwritten returns what the last attempt of each push overwrote, or all of them.
func (s *Store) overwritten(ctx context.Context, codes []profile.ODSCode, earlier bool) (map[pushKey][]Overwritten, error) {
	rows, err := s.q.ListOverwrites(ctx, pushsql.ListOverwritesParams{Codes: postgres.Texts(codes), Earlier: earlier})
	if err != nil {
		return nil, postgres.Wrap(err, "listing what pushes overwrote")
	}
	all := make(map[pushKey][]Overwritten)
	for _, r := range rows {
		key := pushKey{r.Code, r.Sink}
		all[key] = append(all[key], Overwritten{r.Sequence, r.Entry, r.Field, r.Before, r.After, r.At})
	}
	return all, nil
}
