package roles

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/profilesync/profilesync/connectors/postgres"
)

// consoleSchema is the schema of the console's sessions.
const consoleSchema = "console"

var (
	//go:embed is_granted.sql
	isGrantedQuery string
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

// list returns the names in a fixed order, the owner first.
func (n Names) list() []string { return []string{n.Owner, n.Daemon, n.Editor, n.Reader, n.Console} }

// Script is everything that Grant does, for an administrator to run. The schema must
// be migrated.
func Script(ctx context.Context, url string, n Names) (script []string, err error) {
	err = connected(ctx, url, func(conn *pgx.Conn) error {
		created, err := creation(ctx, conn, n)
		if err != nil {
			return err
		}
		locks, _, err := lockRights(ctx, conn, n)
		if err != nil {
			return err
		}
		granted, err := grants(ctx, conn, n)
		script = slices.Concat(created, granted, locks)
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
	err = connected(ctx, url, func(conn *pgx.Conn) error {
		script, err := creation(ctx, conn, n)
		if err != nil {
			return err
		}
		granted, err := grants(ctx, conn, n)
		if err != nil {
			return err
		}
		restricted, superuser, err := lockRights(ctx, conn, n)
		if err != nil {
			return err
		}
		if locks = superuser; superuser {
			granted = append(granted, restricted...)
		}
		return apply(ctx, conn, append(script, granted...))
	})
	return locks, err
}

// Renew gives each role its rights again, if Grant did before: on tables that were
// made since, and on the database and its locks, which a restored dump has lost, as
// far as the session may.
func Renew(ctx context.Context, url string, n Names) error {
	return connected(ctx, url, func(conn *pgx.Conn) error {
		var granted bool
		err := conn.QueryRow(ctx, isGrantedQuery, n.Daemon, postgres.Schema).Scan(&granted)
		if err != nil || !granted {
			return postgres.Wrap(err, "looking for roles")
		}
		script, err := grants(ctx, conn, n)
		if err != nil {
			return err
		}
		who, err := look(ctx, conn, n)
		if err != nil {
			return err
		}
		if who.ownsDatabase {
			script = append(script, databaseRights(who.database, n)...)
		}
		if locks, superuser, err := lockRights(ctx, conn, n); err != nil {
			return err
		} else if superuser {
			script = append(script, locks...)
		}
		return apply(ctx, conn, script)
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
	err = connected(ctx, url, func(conn *pgx.Conn) error {
		rows, _ := conn.Query(ctx, othersQuery, n.list(), schemas())
		others, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Other])
		return postgres.Wrap(err, "looking for other roles")
	})
	return others, err
}

func connected(ctx context.Context, url string, do func(*pgx.Conn) error) (err error) {
	conn, err := postgres.ConnectOnce(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	return do(conn)
}

// apply runs the script in one transaction: everything, or nothing.
func apply(ctx context.Context, conn *pgx.Conn, script []string) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, statement := range script {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42501" {
		return fmt.Errorf("%w (%w)", ErrAdministrator, err)
	}
	return postgres.Wrap(err, "granting roles")
}

// creation is the SQL that creates the roles that are missing, gives the schemas to
// the owner, and keeps everybody else from creating anything in the database, even
// temporary tables.
func creation(ctx context.Context, conn *pgx.Conn, n Names) (script []string, err error) {
	who, err := look(ctx, conn, n)
	if err != nil {
		return nil, err
	}
	for _, name := range n.list() {
		if !slices.Contains(who.existing, name) {
			script = append(script, "create role "+quoted(name)+" nologin")
		}
	}
	if !who.member {
		script = append(script, fmt.Sprintf("grant %s to %s", quoted(n.Owner), quoted(who.user)))
	}
	script = append(script, databaseRights(who.database, n)...)
	owned, err := ownership(ctx, conn, n.Owner)
	return append(script, owned...), err
}

// databaseRights is the SQL that keeps everybody else from creating anything in the
// database, even temporary tables.
func databaseRights(database string, n Names) []string {
	return []string{
		fmt.Sprintf("revoke create, temporary on database %s from public", quoted(database)),
		fmt.Sprintf("grant create, temporary on database %s to %s", quoted(database), quoted(n.Owner)),
		fmt.Sprintf("grant temporary on database %s to %s", quoted(database), quoted(n.Daemon)),
	}
}

// session is who grants, where, and which of the roles exist.
type session struct {
	database, user    string
	superuser, member bool // of the owner; a superuser is
	ownsDatabase      bool
	existing          []string
}

func look(ctx context.Context, conn *pgx.Conn, n Names) (s session, err error) {
	err = conn.QueryRow(ctx, sessionQuery, n.Owner, n.list()).Scan(
		&s.database, &s.user, &s.superuser, &s.member, &s.ownsDatabase, &s.existing)
	return s, postgres.Wrap(err, "looking for roles")
}

// ownership gives everything in our schemas to the owner.
func ownership(ctx context.Context, conn *pgx.Conn, owner string) ([]string, error) {
	rows, _ := conn.Query(ctx, ownershipQuery, owner, schemas())
	script, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return script, postgres.Wrap(err, "looking for what the owner is to own")
}

func schemas() []string { return []string{postgres.Schema, postgres.RiverSchema, consoleSchema} }

// lockRights is the SQL that keeps everybody but the owner and the daemon from taking
// advisory locks, by which daemons take turns. It needs a superuser.
func lockRights(ctx context.Context, conn *pgx.Conn, n Names) (script []string, superuser bool, err error) {
	who, err := look(ctx, conn, n)
	if err != nil {
		return nil, false, err
	}
	rows, _ := conn.Query(ctx, locksQuery)
	functions, err := pgx.CollectRows(rows, pgx.RowTo[string])
	all := strings.Join(functions, ", ")
	return []string{
		"revoke execute on function " + all + " from public",
		"grant execute on function " + all + " to " + quoted(n.Owner) + ", " + quoted(n.Daemon),
	}, who.superuser, postgres.Wrap(err, "looking for locks")
}

// grants is the SQL that gives each role its rights, and takes all others.
func grants(ctx context.Context, conn *pgx.Conn, n Names) (script []string, err error) {
	others := strings.Join([]string{quoted(n.Daemon), quoted(n.Editor), quoted(n.Reader), quoted(n.Console), "public"}, ", ")
	for _, schema := range schemas() {
		script = append(script,
			fmt.Sprintf("revoke all on schema %s from %s", schema, others),
			fmt.Sprintf("revoke all on all tables in schema %s from %s", schema, others),
			fmt.Sprintf("revoke all on all sequences in schema %s from %s", schema, others))
	}
	rows, _ := conn.Query(ctx, functionsQuery, postgres.Schema)
	functions, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, postgres.Wrap(err, "looking for functions")
	}
	script = append(script,
		fmt.Sprintf("revoke execute on function %s from %s", strings.Join(functions, ", "), others),
		fmt.Sprintf("grant usage on schema %s to %s, %s, %s", postgres.Schema, quoted(n.Daemon), quoted(n.Editor), quoted(n.Reader)),
		fmt.Sprintf("grant usage on schema %s to %s, %s", postgres.RiverSchema, quoted(n.Daemon), quoted(n.Reader)),
		fmt.Sprintf("grant usage on schema %s to %s", consoleSchema, quoted(n.Console)),
		fmt.Sprintf("grant select, insert, update, delete on all tables in schema %s to %s", consoleSchema, quoted(n.Console)),
		fmt.Sprintf("grant usage on all sequences in schema %s to %s", consoleSchema, quoted(n.Console)),
		fmt.Sprintf("grant select on %s.account_event to %s", postgres.Schema, quoted(n.Daemon)),
		fmt.Sprintf("grant usage on sequence %[1]s.run_id_seq, %[1]s.preview_number to %[2]s", postgres.Schema, quoted(n.Daemon)),
		fmt.Sprintf("grant usage on all sequences in schema %s to %s", postgres.RiverSchema, quoted(n.Daemon)),
		fmt.Sprintf("grant execute on function %[1]s.analyze_plan(), %[1]s.analyze_accepted() to %[2]s", postgres.Schema, quoted(n.Daemon)))
	columns, err := columnsOf(ctx, conn)
	if err != nil {
		return nil, err
	}
	for _, r := range slices.Concat(Rights(), JobRights()) {
		for _, grant := range []struct{ role, right string }{{n.Daemon, r.Daemon}, {n.Editor, r.Editor}, {n.Reader, r.Reader}} {
			if grant.right == "" {
				continue
			}
			if len(columns[r.name()]) == 0 {
				return nil, fmt.Errorf("table %s: %w", r.name(), postgres.ErrNotMigrated)
			}
			script = append(script, fmt.Sprintf("grant %s on %s to %s", listed(grant.right, columns[r.name()]), r.name(), quoted(grant.role)))
		}
	}
	return script, nil
}

// columnsOf returns the columns of our tables, by schema.table.
func columnsOf(ctx context.Context, conn *pgx.Conn) (map[string][]string, error) {
	rows, _ := conn.Query(ctx, columnsQuery, schemas())
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

// name is the table's with its schema: that of the job queue has a prefix.
func (r Right) name() string {
	if strings.HasPrefix(r.Table, "river_") {
		return postgres.RiverSchema + "." + r.Table
	}
	return postgres.Schema + "." + r.Table
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }
