package trials

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/roles"
	"github.com/profilesync/profilesync/reconcile/profile"
)

const (
	// oldestServer is the oldest server that we work with, as it numbers itself.
	oldestServer = 15_00_00
	// A clock that differs by more than these two makes leases and links end early or
	// late, and tokens invalid.
	someSkew = time.Second
	muchSkew = time.Minute
	// The official list of bank holidays names two years ahead and is read every night.
	calendarAhead = 60 // days
	calendarAge   = 14 // days
)

// database opens the database and makes the trials that need it.
func (t *trier) database(ctx context.Context) (all []Trial) {
	err := t.within(ctx, t.App.OpenAsIs)
	close(t.connected)
	if err != nil {
		return []Trial{
			{Name: "database", Result: Failed, Detail: err.Error(), Todo: whatToSet(err)},
			untried(
				"schema",
				"the database",
			), untried("clock", "the database"), untried("role", "the database"), untried("calendar", "the database"),
		}
	}
	schema := t.one(ctx, "schema", t.schema)
	all = []Trial{t.one(ctx, "database", t.server), schema, t.one(ctx, "clock", t.clock)}
	if schema.Result == Failed {
		return append(all, untried("role", "a schema that is current"), untried("calendar", "a schema that is current"))
	}
	return append(all, t.one(ctx, "role", t.role), t.one(ctx, "calendar", t.calendar))
}

// untried is a trial that could not be made for want of something that another failed at.
func untried(name, need string) Trial {
	return Trial{Name: name, Result: Failed, Detail: "not tried: it needs " + need}
}

// one makes one trial.
func (t *trier) one(ctx context.Context, name string, try func(context.Context) (Trial, error)) (made Trial) {
	err := t.within(ctx, func(ctx context.Context) (err error) {
		made, err = try(ctx)
		return err
	})
	if err != nil {
		made = Trial{Result: Failed, Detail: err.Error()}
		if errors.Is(err, postgres.ErrNotMigrated) {
			made.Todo = "run profilesync migrate"
		}
	}
	made.Name = name
	return made
}

func whatToSet(err error) string {
	if errors.As(err, new(settings.Error)) {
		return "set PROFILESYNC_DATABASE_URL"
	}
	return "check PROFILESYNC_DATABASE_URL, and whether the server runs and lets this machine in"
}

// server looks at the version of the server, and at its connections.
func (t *trier) server(ctx context.Context) (Trial, error) {
	s, err := t.App.Store.Server(ctx)
	if err != nil {
		return Trial{}, err
	}
	version, _, _ := strings.Cut(s.Version, " ") // what follows is whose build it is
	made := Trial{Result: OK, Detail: fmt.Sprintf("PostgreSQL %s, %d of %d connections are used", version, s.Sessions, s.Most)}
	switch {
	case s.Number < oldestServer:
		made.Result, made.Todo = Failed, "use PostgreSQL 15 or newer"
	case s.Sessions*10 > s.Most*8:
		made.Result, made.Todo = Warning, "raise max_connections, or run fewer daemons: each holds about 30"
	}
	return made, nil
}

// role looks at what the login may do.
func (t *trier) role(ctx context.Context) (Trial, error) {
	const todo = "run profilesync migrate --roles, and log in as a member of the daemon's role"
	s, err := t.App.Store.Server(ctx)
	if err != nil {
		return Trial{}, err
	}
	if err := t.App.Store.RequireDaemon(ctx); errors.Is(err, postgres.ErrNotDaemon) {
		return Trial{
			Result: Failed,
			Detail: s.Role + " is no member of the daemon's role, so what runs write would count as edits",
			Todo:   todo,
		}, nil
	} else if err != nil {
		return Trial{}, err
	}
	missing, err := roles.Missing(ctx, t.App.Store)
	if err != nil {
		return Trial{}, err
	}
	if len(missing) > 0 {
		return Trial{Result: Failed, Detail: s.Role + " lacks rights: " + first(missing), Todo: todo}, nil
	}
	owner, err := t.App.Store.IsOwner(ctx)
	if err != nil {
		return Trial{}, err
	}
	if owner && !t.App.Private() {
		return Trial{Result: Warning, Detail: s.Role + " owns the tables, or is a superuser, and could change the audit", Todo: todo}, nil
	}
	return Trial{Result: OK, Detail: s.Role + " may do what the daemon does"}, nil
}

// first are the first few of many.
func first(texts []string) string {
	const most = 5
	if len(texts) <= most {
		return strings.Join(texts, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(texts[:most], ", "), len(texts)-most)
}

func (t *trier) schema(ctx context.Context) (Trial, error) {
	v, err := t.App.Store.SchemaVersion(ctx)
	if err != nil {
		return Trial{}, err
	}
	switch {
	case v.Is < v.Needed:
		return Trial{
			Result: Failed, Todo: "run profilesync migrate",
			Detail: fmt.Sprintf("version %d; this program needs %d", v.Is, v.Needed),
		}, nil
	case v.Is > v.Needed:
		return Trial{Result: OK, Detail: fmt.Sprintf("version %d, of a newer program than this one (%d)", v.Is, v.Needed)}, nil
	}
	return Trial{Result: OK, Detail: fmt.Sprintf("version %d, the one that this program needs", v.Is)}, nil
}

// clock compares this machine's clock with the database's, as of the middle of a
// question.
func (t *trier) clock(ctx context.Context) (Trial, error) {
	asked := t.Now()
	s, err := t.App.Store.Server(ctx)
	if err != nil {
		return Trial{}, err
	}
	answered := t.Now()
	skew := asked.Add(answered.Sub(asked) / 2).Sub(s.Now)
	made := Trial{Result: OK, Detail: "this machine and the database agree to the second"}
	if skew.Abs() > someSkew {
		side := "behind"
		if skew > 0 {
			side = "ahead of"
		}
		made = Trial{
			Result: Warning, Todo: "see to it that both machines follow a time server",
			Detail: fmt.Sprintf("this machine is %s %s the database", skew.Abs().Round(100*time.Millisecond), side),
		}
	}
	if skew.Abs() > muchSkew {
		made.Result = Failed
	}
	return made, nil
}

// calendar looks at the bank holidays that are stored.
func (t *trier) calendar(ctx context.Context) (Trial, error) {
	const todo = "see the daemon's log at 04:00, and check PROFILESYNC_CALENDAR_URL"
	c, err := t.App.Store.Watch.Calendar(ctx)
	if err != nil {
		return Trial{}, err
	}
	if c.ReadAt.IsZero() {
		return Trial{
			Result: Warning,
			Detail: "the official list was never read; bank holidays follow from the rule until then",
			Todo:   todo,
		}, nil
	}
	read, today := profile.DateIn(c.ReadAt, profile.London()), t.App.Today()
	made := Trial{Result: OK, Detail: fmt.Sprintf("read on %s, bank holidays until %s", read, c.Until)}
	if read.DaysUntil(today) > calendarAge || today.DaysUntil(c.Until) < calendarAhead {
		made.Result, made.Todo = Warning, todo
	}
	return made, nil
}
