package wiring

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/profilesync/profilesync/cmd/internal/spool"
	"github.com/profilesync/profilesync/cmd/internal/visible"
	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/cmd/profilesync/tracing"
	"github.com/profilesync/profilesync/connectors/ers"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/local"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// App is what the settings configure: the stores, sources, sinks and mail
// service that the commands and the daemon work with.
type App struct {
	Settings *settings.Settings
	Stdin    io.Reader // for answers to questions
	Stderr   io.Writer // for logs, progress and messages that are not results
	Version  string    // of the program
	Process  *postgres.Process
	// Command is the command that runs, as runs list.
	Command string
	// MayStartPrivate allows starting a private database.
	MayStartPrivate bool

	// Store is the database, once it is open. ReportStore only reads reports,
	// through connections of its own.
	Store       *Store
	ReportStore *Store

	// Traces sends traces; nil if no collector is named.
	Traces *tracing.Traces

	// AnsweredERS is called after every request to e-RS; nil outside the
	// daemon.
	AnsweredERS func(ers.Call)
	// BreakerOpened is called with the name of an outside system whose breaker opens; nil
	// outside the daemon.
	BreakerOpened func(system string)

	url         string       // of the database
	private     bool         // it is the private database's
	reportFiles *spool.Files // reports prepared for readers
	// announced is the number of the process while it is announced, and
	// replaced ends when others presume it dead.
	announced int64
	replaced  context.Context //nolint:containedctx // of the program, not of a call
	closers   []func() error
}

// New reads the settings and opens nothing yet. It returns a settings.Error if
// one is wrong.
func New(ctx context.Context, stderr io.Writer, version string) (*App, error) {
	loaded, err := settings.Load(ctx)
	if err != nil {
		return nil, err
	}
	return &App{Settings: loaded, Stdin: os.Stdin, Stderr: stderr, Version: version, Process: postgres.NewProcess()}, nil
}

// OnClose registers a function that is called when the program ends, in reverse
// order.
func (a *App) OnClose(closer func() error) { a.closers = append(a.closers, closer) }

// Close calls the functions registered with OnClose.
func (a *App) Close() error {
	var errs []error
	for _, closer := range slices.Backward(a.closers) {
		errs = append(errs, closer())
	}
	return errors.Join(errs...)
}

// Sayf prints a message that is not a result.
func (a *App) Sayf(format string, args ...any) {
	_, _ = fmt.Fprintln(a.Stderr, visible.Text(fmt.Sprintf(format, args...)))
}

// Today is the current day in London.
func (a *App) Today() profile.Date { return profile.DateIn(a.Settings.Clock(), profile.London()) }

// NeedDatabase refuses to work without a configured database, unless a person said
// that a private one is meant.
func (a *App) NeedDatabase() error {
	if a.Settings.DatabaseURL != "" || a.MayStartPrivate || a.Settings.DemoOrTest() {
		return nil
	}
	return settings.Error{Err: settings.Wrong("DATABASE_URL", " (or _FILE) is missing: name a database; "+
		"or start a private one under %s with --private, or with PROFILESYNC_MODE=demo", a.Settings.LocalDir)}
}

// Database returns the address of the configured database, which must give sessions
// (postgres.CheckSession), or of the private one, which is started if it is not
// running. One that exists already needs no permission.
//
// With PROFILESYNC_SERVER, there is none: a NeedsDatabaseError says so.
func (a *App) Database(ctx context.Context) (url string, private bool, err error) {
	if a.Settings.UsesServer() {
		return "", false, NeedsDatabaseError{a.Command}
	}
	if a.Settings.DatabaseURL != "" {
		url = a.Settings.DatabaseURL.Reveal()
		return url, false, ofAddress(ctx, postgres.CheckSession(ctx, url))
	}
	dir := filepath.Join(a.Settings.LocalDir, "postgres")
	if err := a.NeedDatabase(); err != nil && !local.Exists(dir) {
		return "", true, err
	}
	cluster, err := local.Open(ctx, local.Options{Dir: dir})
	if err != nil {
		return "", true, fmt.Errorf("no PROFILESYNC_DATABASE_URL is set, and the private database does not start: %w", err)
	}
	a.OnClose(cluster.Close)
	for _, warning := range cluster.Warnings() {
		a.Sayf("%s", warning)
	}
	a.Sayf("using the private database under %s", a.Settings.LocalDir)
	return cluster.URL(), true, nil
}

// NeedsDatabaseError says that a command does what the API does not.
type NeedsDatabaseError struct{ Command string }

func (e NeedsDatabaseError) Error() string {
	return e.Command + " needs the database: PROFILESYNC_SERVER is set; unset it, and name the database"
}

// ofAddress says which setting to look at where nobody answers at the database's address,
// or answers that there is no such database or login.
func ofAddress(ctx context.Context, err error) error {
	if ctx.Err() == nil && postgres.IsOfAddress(err) {
		return settings.Error{Err: settings.Wrong("DATABASE_URL", " (or _FILE): %w", err)}
	}
	return err
}

// Open connects to the database. A private one is migrated at once, a
// configured one only by `profilesync migrate`.
func (a *App) Open(ctx context.Context) error {
	if err := a.OpenAsIs(ctx); err != nil {
		return err
	}
	if err := a.openReports(ctx); err != nil {
		return err
	}
	err := a.Store.Ready(ctx)
	if a.private && errors.Is(err, postgres.ErrNotMigrated) {
		_, err = postgres.Migrate(ctx, a.url, postgres.Purpose(a.Settings.DemoOrTest()))
	}
	return err
}

// Ready opens the database, unless it is open.
func (a *App) Ready(ctx context.Context) error {
	if a.Store != nil {
		return nil
	}
	return a.Open(ctx)
}

// OpenAsIs connects to the database, whatever the version of its schema. It changes
// nothing there.
func (a *App) OpenAsIs(ctx context.Context) error {
	url, private, err := a.Database(ctx)
	if err != nil {
		return err
	}
	a.url, a.private = url, private
	store, err := postgres.Open(ctx, url, postgres.Options{PlayedNow: a.Settings.PlayedNow(), Process: a.Process, Tracer: a.Traces.Queries()})
	if err != nil {
		return err
	}
	a.Store = newStore(store)
	a.OnClose(func() error { store.Close(); return nil })
	return nil
}

// Private reports whether the database is the private one. It is known once the
// database is open.
func (a *App) Private() bool { return a.private }

// CheckRole fails if the program's login is not the daemon's, and warns if nothing
// keeps it from changing the audit. A private database has one role only.
func (a *App) CheckRole(ctx context.Context, log *slog.Logger) error {
	if err := a.Store.RequireDaemon(ctx); err != nil {
		return err
	}
	owner, err := a.Store.IsOwner(ctx)
	if err == nil && owner && !a.private {
		log.WarnContext(ctx, "this process logged in as the owner of the tables, and could change the audit: grant roles with "+
			"`profilesync migrate --roles`, and log in as a member of the daemon's", "role", a.Settings.RoleDaemon)
	}
	return err
}

// OpenBeside opens the database again, with connections of its own.
func (a *App) OpenBeside(ctx context.Context, connections int32) (*Store, error) {
	store, err := postgres.Open(ctx, a.url, postgres.Options{
		PlayedNow: a.Settings.PlayedNow(), Process: a.Process, MaxConnections: connections, Tracer: a.Traces.Queries(),
	})
	if err != nil {
		return nil, err
	}
	a.OnClose(func() error { store.Close(); return nil })
	return newStore(store), nil
}

// Beside is the App on a database that OpenBeside has opened. What it opens itself, such as
// reports, it shares.
func (a *App) Beside(store *Store) *App {
	beside := *a
	beside.Store, beside.closers = store, nil
	return &beside
}

// QueuePool opens connections for a client of the job queue; the caller closes
// them.
func (a *App) QueuePool(ctx context.Context) (*pgxpool.Pool, error) {
	return postgres.RiverPool(ctx, a.url, a.Process)
}
