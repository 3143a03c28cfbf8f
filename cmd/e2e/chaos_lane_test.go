package e2e

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/local"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// lane is a Postgres of its own, which may be killed, and the database that each of its rounds
// begins with a copy of.
type lane struct {
	home      string
	log       string // what the server says
	url       string // the superuser's
	data, wal *disk  // what may be full; nil where that cannot be
}

// The day on which rounds begin, when its schedules are done, and a moment of it.
var chaosDay = profile.NewDate(2026, 3, 2)

const (
	chaosMorning  = "2026-03-02T10:00:00Z"
	chaosTemplate = "chaos_template"
)

// chaosCounts are the organisations of the register, by report: enough trusts that a recode of
// a quarter of them is a mass change.
var chaosCounts = map[string]int{"edispensary": 30, "etr": 60}

func newLane(t *testing.T) *lane {
	t.Helper()
	l := &lane{home: filepath.Join(openDir(t), "postgres")}
	cluster, err := local.Open(t.Context(), local.Options{Dir: l.home})
	require.NoError(t, err)
	l.url, l.log = cluster.URL(), cluster.Log()
	cluster = l.onDisks(t, cluster)
	t.Cleanup(func() { l.close(t, cluster) })
	// Only processes are killed here, never the machine: what Postgres committed survives without fsync.
	for _, setting := range []string{"fsync = off", "full_page_writes = off", "min_wal_size = '32MB'"} {
		l.exec(t, "alter system set "+setting)
	}
	l.exec(t, "select pg_reload_conf()")
	l.exec(t, "create database "+chaosTemplate+l.place())
	l.stock(t)
	return l
}

// close ends the server.
func (l *lane) close(t *testing.T, cluster *local.Cluster) {
	t.Helper()
	require.NoError(t, cluster.Close())
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, local.Wait(ctx, l.home))
}

// exec executes a statement as the superuser.
func (l *lane) exec(t *testing.T, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), l.url)
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	_, err = conn.Exec(t.Context(), statement)
	require.NoError(t, err, statement)
}

// database returns the address of a database of the lane.
func (l *lane) database(t *testing.T, name string) string {
	t.Helper()
	u, err := url.Parse(l.url)
	require.NoError(t, err)
	u.Path = "/" + name
	return u.String()
}

// newChaosRegister makes the register, which is the same at the beginning of each round.
func newChaosRegister(t *testing.T, m *registerModel) (*odstest.World, string) {
	t.Helper()
	world, err := odstest.NewWorld(odstest.WorldOptions{Seed: 7, APIKey: testKey, Day: chaosDay, Counts: chaosCounts})
	require.NoError(t, err)
	server := httptest.NewServer(m.without(world.Handler()))
	t.Cleanup(server.Close)
	return world, server.URL
}

// stock fills the template: the register is loaded, there are people, and the schedules have
// begun. Nothing was ever pushed.
func (l *lane) stock(t *testing.T) {
	t.Helper()
	_, address := newChaosRegister(t, newRegisterModel())
	s := bareSite(t)
	s.url = l.database(t, chaosTemplate)
	s.env = []string{
		"DATABASE_URL=" + s.url, "MODE=test", "NOW=" + chaosMorning, "ODS_DOWNLOADS_URL=" + address, "ODS_REPORTS=edispensary,etr",
		"ODS_REQUESTS_PER_SECOND=1000",
	}
	s.exits(0, "migrate")
	for report := range chaosCounts {
		s.exits(0, "reconcile", "--report", report, "--wait")
	}
	l.stockServices(s)
	s.write(`insert into account (email, name, state, created_at, last_active_at)
		select 'person' || n || '@example.nhs.uk', 'Person ' || n, 'active', '2026-02-01', '2026-02-01' from generate_series(1, 6) n`)
	s.write(`insert into membership (account_id, code, role)
		select 1 + row_number() over (order by code) % 6, code,
			case when row_number() over (order by code) <= 6 then 'account-manager' else 'editor' end
		from profile where type = 'pharmacy' order by code limit 12`)
	d := s.with("ERS_URL="+nobody, "ERS_AUTH=none").serve() // the schedules of all that is pulled begin
	s.eventually(2, "select count(*) from schedule_run where name in ('pull_ers', 'housekeeping')")
	d.stop()
}

// chaosServices are the services of the e-Referral Service, the same at the beginning of each round.
func chaosServices() *erstest.World { return erstest.NewWorld(4, ersSites(4), 5) }

// stockServices loads the services of some hospitals.
func (l *lane) stockServices(s *site) {
	s.t.Helper()
	world := chaosServices()
	_, address := erstest.Start(s.t, erstest.Options{World: world})
	for _, place := range ersSites(4) {
		s.write("insert into profile (code, name, type) values ($1, $2, 'trust-site')", place.Code, place.Name)
	}
	e := ersSite{s.with("ERS_URL="+address, "ERS_AUTH=none", "ERS_REQUESTS_PER_SECOND=200"), nil, world}
	e.imports()
	e.exits(0, "reconcile", "--source", "ers", "--wait")
}

// copyOf makes the database of a round, and drops it at the end of the test.
func (l *lane) copyOf(t *testing.T, seed uint64) string {
	t.Helper()
	name := fmt.Sprintf("chaos_%d", seed)
	l.exec(t, "create database "+name+" template "+chaosTemplate+" strategy file_copy")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		require.NoError(t, persist(ctx, l.url, func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "drop database if exists "+name+" with (force)")
			return err
		}))
	})
	return l.database(t, name)
}

// persist does something on a connection of its own until it succeeds or ctx ends, as somebody
// does whose database may be down.
func persist(ctx context.Context, address string, do func(*pgx.Conn) error) error {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return err
	}
	config.RuntimeParams["search_path"] = postgres.Schema
	config.ConnectTimeout = 5 * time.Second
	for {
		conn, err := pgx.ConnectConfig(ctx, config)
		if err == nil {
			err = do(conn)
			_ = conn.Close(ctx)
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// postmaster returns the process id of the server; 0 while there is none.
func (l *lane) postmaster() int {
	text, err := os.ReadFile(filepath.Join(l.home, "data", "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return 0
	}
	return pid
}

// signal sends a signal to the server.
func (l *lane) signal(sig syscall.Signal) error {
	pid := l.postmaster()
	if pid == 0 {
		return os.ErrProcessDone
	}
	return syscall.Kill(pid, sig)
}
