package postgres

import (
	"context"
	"time"
)

// Server is what a session sees of the database server.
type Server struct {
	Version  string // as the server says it
	Number   int    // the same as a number: 150008 is 15.8
	Role     string // that the session logged in as
	Sessions int    // of clients, in all databases
	Most     int    // that the server admits
	// Now is the server's clock as it answered, whatever present a demo plays.
	Now time.Time
}

// Server looks at the server.
func (db *DB) Server(ctx context.Context) (Server, error) {
	s, err := db.q.LookAtServer(ctx)
	return Server{
		Version: s.Version, Number: s.Number, Role: s.Role, Sessions: s.Sessions, Most: s.Most, Now: s.Now,
	}, Wrap(err, "looking at the server")
}
