package demo

import (
	"context"
	_ "embed" // for the SQL
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// editor plays the editing application: it writes profiles by plain SQL, one
// transaction for each save.
type editor func(ctx context.Context, code string, e edit) error

// edit is what Cara saves for a pharmacy.
type edit struct {
	at     time.Time
	phone  string
	weekly string // a line like "mon 09:00-17:30" for each period
	closed string // a day, YYYY-MM-DD
}

var (
	//go:embed saves/1-phone.sql
	savePhone string
	//go:embed saves/2-hours.sql
	saveHours string
	//go:embed saves/3-closed.sql
	saveClosed string
)

// editAs returns the editor of a database, with the name that the audit shows.
func editAs(actor, url string) editor {
	return func(ctx context.Context, code string, e edit) error {
		config, err := pgx.ParseConfig(url)
		if err != nil {
			return fmt.Errorf("editing %s: %w", code, err)
		}
		config.RuntimeParams["profilesync.actor"] = actor
		config.RuntimeParams["profilesync.now"] = e.at.UTC().Format(time.RFC3339)
		conn, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			return fmt.Errorf("editing %s: %w", code, err)
		}
		for _, save := range []struct{ statement, value string }{{savePhone, e.phone}, {saveHours, e.weekly}, {saveClosed, e.closed}} {
			tag, bad := conn.Exec(ctx, save.statement, code, save.value)
			if bad == nil && tag.RowsAffected() == 0 {
				bad = errors.New("nothing was written")
			}
			err = errors.Join(err, bad)
		}
		if err = errors.Join(err, conn.Close(ctx)); err != nil {
			return fmt.Errorf("editing %s: %w", code, err)
		}
		return nil
	}
}
