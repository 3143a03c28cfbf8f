package roles

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/sethvargo/go-retry"

	"github.com/profilesync/profilesync/connectors/postgres"
)

// consoleSchema is the schema of the console's sessions.
const consoleSchema = "console"

var (
	//go:embed session.sql
	sessionQuery string
	//go:embed ownership.sql
	ownershipQuery string
	//go:embed locks.sql
	locksQuery string
	//go:embed functions.sql
	functionsQuery string
	//go:embed others.sql
	othersQuery string
	//go:embed columns.sql
	columnsQuery string
)

// ErrAdministrator means that the role that migrates may not create or grant roles.
var ErrAdministrator = errors.New("an administrator must do this: let one run what `profilesync migrate --roles --print` prints")

// Script is everything that Grant does, for an administrator to run. The schema must
// be migrated.
func Script(ctx context.Context, url string, n Names) (script []string, err error) {
	err = connected(ctx, url, n, func(g granter) error {
		script, err = g.everything(ctx, true)
		for i := range script {
			script[i] += ";"
		}
		return err
	})
	return script, err
}

// Grant creates the roles that are missing and gives each its rights, or changes
// nothing. It reports whether it could also keep others from the locks of daemons,
// which takes a superuser.
func Grant(ctx context.Context, url string, n Names) (locks bool, err error) {
	err = connected(ctx, url, n, func(g granter) error {
		locks = g.superuser
		script, err := g.everything(ctx, locks)
		if err != nil {
			return err
		}
		return g.apply(ctx, script)
	})
	return locks, err
}

// Renew gives each role its rights again, if Grant did before: on tables that were
// made since, and on the database and its locks, which a restored dump has lost, as
// far as the session may.
func Renew(ctx context.Context, url string, n Names) error {
	return connected(ctx, url, n, func(g granter) error {
		if !g.granted {
			return nil
		}
		script, err := g.rights(ctx, g.superuser)
		if err != nil {
			return err
		}
		if g.ownsDatabase {
			script = append(script, g.databaseRights()...)
		}
		return g.apply(ctx, script)
	})
}

// Other is a role that has rights in our schemas although no setting names it.
type Other struct {
	Name   string
	Revoke string // the statements that take all its rights, on one line
}

// Others returns the roles that have rights in our schemas and are none of the names:
// those of names from before keep their rights until somebody takes them.
func Others(ctx context.Context, url string, n Names) (others []Other, err error) {
	err = connected(ctx, url, n, func(g granter) error {
		rows, _ := g.conn.Query(ctx, othersQuery, n.list(), schemas())
		others, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Other])
		return postgres.Wrap(err, "looking for other roles")
	})
	return others, err
}

// granter is a session that grants: who it is, and which of the roles exist.
type granter struct {
	conn  *pgx.Conn
	names Names
	to    Names // the same, quoted

	database, user    string
	superuser, member bool // of the owner; a superuser is
	ownsDatabase      bool
	existing          []string
	granted           bool // Grant was here before
}

func connected(ctx context.Context, url string, n Names, do func(granter) error) (err error) {
	conn, err := postgres.ConnectOnce(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	g := granter{conn: conn, names: n, to: Names{
		Owner: quoted(n.Owner), Daemon: quoted(n.Daemon), Editor: quoted(n.Editor), Reader: quoted(n.Reader), Console: quoted(n.Console),
	}}
	err = conn.QueryRow(ctx, sessionQuery, n.Owner, n.list(), n.Daemon, postgres.Schema).Scan(
		&g.database, &g.user, &g.superuser, &g.member, &g.ownsDatabase, &g.existing, &g.granted)
	if err != nil {
		return postgres.Wrap(err, "looking for roles")
	}
	return do(g)
}

// The SQLSTATE of what may happen to a script.
const (
	deadlock    = "40P01"
	lockTimeout = "55P03"
	forbidden   = "42501"
)

// apply runs the script in one transaction: everything, or nothing. It takes tables
// from a daemon at work in an order that is not the daemon's, so it gives way where
// they wait for each other, or where it waits long, and tries again.
func (g granter) apply(ctx context.Context, script []string) error {
	err := retry.Do(ctx, retry.WithMaxRetries(10, retry.NewConstant(500*time.Millisecond)), func(ctx context.Context) error {
		err := g.attempt(ctx, script)
		if code := codeOf(err); code == deadlock || code == lockTimeout {
			return retry.RetryableError(err)
		}
		return err
	})
	if codeOf(err) == forbidden {
		return fmt.Errorf("%w (%w)", ErrAdministrator, err)
	}
	return postgres.Wrap(err, "granting roles")
}

func (g granter) attempt(ctx context.Context, script []string) error {
	return pgx.BeginFunc(ctx, g.conn, func(tx pgx.Tx) error {
		for _, statement := range append([]string{"set local lock_timeout = '2s'"}, script...) {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
}

// codeOf returns the SQLSTATE of an error of Postgres; empty for any other.
func codeOf(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// everything is the SQL that creates the roles that are missing, gives the schemas to
// the owner, and gives each role its rights.
func (g granter) everything(ctx context.Context, locks bool) (script []string, err error) {
	for _, name := range g.names.list() {
		if !slices.Contains(g.existing, name) {
			script = append(script, "create role "+quoted(name)+" nologin")
		}
	}
	if !g.member {
		script = append(script, fmt.Sprintf("grant %s to %s", g.to.Owner, quoted(g.user)))
	}
	script = append(script, g.databaseRights()...)
	owned, err := g.texts(ctx, "looking for what the owner is to own", ownershipQuery, g.names.Owner, schemas())
	if err != nil {
		return nil, err
	}
	rights, err := g.rights(ctx, locks)
	return slices.Concat(script, owned, rights), err
}

// databaseRights is the SQL that keeps everybody else from creating anything in the
// database, even temporary tables.
func (g granter) databaseRights() []string {
	database := quoted(g.database)
	return []string{
		fmt.Sprintf("revoke create, temporary on database %s from public", database),
		fmt.Sprintf("grant create, temporary on database %s to %s", database, g.to.Owner),
		fmt.Sprintf("grant temporary on database %s to %s", database, g.to.Daemon),
	}
}

func schemas() []string { return []string{postgres.Schema, postgres.RiverSchema, consoleSchema} }

// texts returns what a query of one column finds.
func (g granter) texts(ctx context.Context, doing, query string, args ...any) ([]string, error) {
	rows, _ := g.conn.Query(ctx, query, args...)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return found, postgres.Wrap(err, doing)
}

// rights is the SQL that gives each role its rights, and revokes all others. With
// locks it also keeps everybody but owner and daemon from taking advisory locks, by
// which daemons take turns; that needs a superuser.
func (g granter) rights(ctx context.Context, locks bool) (script []string, err error) {
	others := strings.Join([]string{g.to.Daemon, g.to.Editor, g.to.Reader, g.to.Console, "public"}, ", ")
	for _, schema := range schemas() {
		script = append(script,
			fmt.Sprintf("revoke all on schema %s from %s", schema, others),
			fmt.Sprintf("revoke all on all tables in schema %s from %s", schema, others),
			fmt.Sprintf("revoke all on all sequences in schema %s from %s", schema, others))
	}
	functions, err := g.texts(ctx, "looking for functions", functionsQuery, postgres.Schema)
	if err != nil {
		return nil, err
	}
	script = append(script, fmt.Sprintf("revoke execute on function %s from %s", strings.Join(functions, ", "), others))
	script = append(script, g.otherRights()...)
	tables, err := g.tableRights(ctx)
	if err != nil || !locks {
		return append(script, tables...), err
	}
	functions, err = g.texts(ctx, "looking for locks", locksQuery)
	all := strings.Join(functions, ", ")
	return append(append(script, tables...),
		"revoke execute on function "+all+" from public",
		"grant execute on function "+all+" to "+g.to.Owner+", "+g.to.Daemon), err
}

// otherRights is the SQL of the rights on what is no table of ours.
func (g granter) otherRights() []string {
	return []string{
		fmt.Sprintf("grant usage on schema %s to %s, %s, %s", postgres.Schema, g.to.Daemon, g.to.Editor, g.to.Reader),
		fmt.Sprintf("grant usage on schema %s to %s, %s", postgres.RiverSchema, g.to.Daemon, g.to.Reader),
		fmt.Sprintf("grant usage on schema %s to %s", consoleSchema, g.to.Console),
		fmt.Sprintf("grant select, insert, update, delete on all tables in schema %s to %s", consoleSchema, g.to.Console),
		fmt.Sprintf("grant usage on all sequences in schema %s to %s", consoleSchema, g.to.Console),
		fmt.Sprintf("grant select on %s.account_event to %s", postgres.Schema, g.to.Daemon),
		fmt.Sprintf("grant usage on sequence %[1]s.run_id_seq, %[1]s.preview_number to %[2]s", postgres.Schema, g.to.Daemon),
		fmt.Sprintf("grant usage on all sequences in schema %s to %s", postgres.RiverSchema, g.to.Daemon),
		fmt.Sprintf("grant execute on function %[1]s.analyze_plan(), %[1]s.analyze_accepted() to %[2]s", postgres.Schema, g.to.Daemon),
	}
}

// tableRights is the SQL of the table of rights.
func (g granter) tableRights(ctx context.Context) (script []string, err error) {
	columns, err := g.columns(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range rights {
		if len(columns[r.name()]) == 0 {
			return nil, fmt.Errorf("table %s: %w", r.name(), postgres.ErrNotMigrated)
		}
		for _, grant := range []struct{ to, right string }{{g.to.Daemon, r.Daemon}, {g.to.Editor, r.Editor}, {g.to.Reader, r.Reader}} {
			if grant.right != "" {
				script = append(script, fmt.Sprintf("grant %s on %s to %s", listed(grant.right, columns[r.name()]), r.name(), grant.to))
			}
		}
	}
	return script, nil
}

// columns returns the columns of our tables, by schema.table.
func (g granter) columns(ctx context.Context) (map[string][]string, error) {
	rows, _ := g.conn.Query(ctx, columnsQuery, schemas())
	columns := make(map[string][]string)
	var table, column string
	_, err := pgx.ForEachRow(rows, []any{&table, &column}, func() error {
		columns[table] = append(columns[table], column)
		return nil
	})
	return columns, postgres.Wrap(err, "reading the columns")
}

var (
	allBut = regexp.MustCompile(`(\w+) but \(([^)]*)\)`)
	verbs  = regexp.MustCompile(`(^|, )(read|add|change|remove)\b`)
	// inSQL are the words of the table of rights, as GRANT has them.
	inSQL = strings.NewReplacer("read", "select", "add", "insert", "change", "update", "remove", "delete")
)

// listed is a right in the words of GRANT, with its columns.
func listed(right string, columns []string) string {
	right = verbs.ReplaceAllStringFunc(right, inSQL.Replace)
	return allBut.ReplaceAllStringFunc(right, func(part string) string {
		match := allBut.FindStringSubmatch(part)
		without := strings.Split(match[2], ", ")
		rest := slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return slices.Contains(without, c) })
		for i := range rest {
			rest[i] = quoted(rest[i])
		}
		return match[1] + " (" + strings.Join(rest, ", ") + ")"
	})
}

// list returns the names in a fixed order, the owner first.
func (n Names) list() []string { return []string{n.Owner, n.Daemon, n.Editor, n.Reader, n.Console} }

// name is the table's with its schema: that of the job queue has a prefix.
func (r Right) name() string {
	if strings.HasPrefix(r.Table, "river_") {
		return postgres.RiverSchema + "." + r.Table
	}
	return postgres.Schema + "." + r.Table
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }
