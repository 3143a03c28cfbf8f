package e2e

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// ersSite is a site whose profiles get services from the simulator.
type ersSite struct {
	*site
	ers   *erstest.Server
	world *erstest.World
}

// ersSites returns n sites, from R00A1 on.
func ersSites(n int) (sites []erstest.Site) {
	for i := range n {
		sites = append(sites, erstest.Site{Code: profile.ODSCode(fmt.Sprintf("R%02dA1", i)), Name: fmt.Sprintf("Hospital %d", i)})
	}
	return sites
}

// ersKey is the key of the registered application, made once.
var ersKey = sync.OnceValues(func() (*rsa.PrivateKey, string) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
})

// applications returns clients for the named organisations, and the value of
// the setting for their credentials.
func applications(t *testing.T, names []string) (clients []erstest.Client, credentials []byte) {
	t.Helper()
	key, private := ersKey()
	for _, name := range names {
		clients = append(clients, erstest.Client{ID: "client-" + name, KeyID: "k1", Key: &key.PublicKey})
		application, err := json.Marshal(map[string]string{
			"name": name, "client_id": "client-" + name, "key_id": "k1", "private_key": private,
		})
		require.NoError(t, err)
		credentials = append(append(credentials, application...), '\n')
	}
	return clients, credentials
}

// newERSSite returns a site with trust sites that have the given number of
// services each; the extract is imported. Every request needs a token.
func newERSSite(t *testing.T, sites, services int, more ...string) ersSite {
	t.Helper()
	return newERSSiteOf(t, []string{"north"}, sites, services, more...)
}

// newERSSiteOf is newERSSite with one application per organisation.
func newERSSiteOf(t *testing.T, organisations []string, sites, services int, more ...string) ersSite {
	t.Helper()
	places := ersSites(sites)
	world := erstest.NewWorld(4, places, services)
	clients, text := applications(t, organisations)
	server, base := erstest.Start(t, erstest.Options{World: world, Type: erstest.TypeMixed, Extras: true, Clients: clients})
	s := newSite(t)
	credentials := filepath.Join(s.dir, "credentials")
	require.NoError(t, os.WriteFile(credentials, text, 0o600))
	s = s.with(append([]string{
		"ERS_URL=" + base, "ERS_TOKEN_URL=" + erstest.Root(base) + erstest.TokenPath, "ERS_CREDENTIALS_FILE=" + credentials,
		"ERS_REQUESTS_PER_SECOND=200", "LOG_LEVEL=debug",
	}, more...)...)
	e := ersSite{s, server, world}
	for _, place := range places {
		s.write("insert into profile (code, name, type) values ($1, $2, 'trust-site')", place.Code, place.Name)
	}
	e.imports()
	return e
}

// write does what the editing application does.
func (s *site) write(query string, args ...any) {
	s.t.Helper()
	conn := s.connect()
	defer conn.Close(context.WithoutCancel(s.t.Context()))
	_, err := conn.Exec(s.t.Context(), query, args...)
	require.NoError(s.t, err)
}

// imports imports the extract of the month into the register.
func (e ersSite) imports() {
	e.t.Helper()
	path := filepath.Join(e.dir, "EBSX05.zip")
	require.NoError(e.t, os.WriteFile(path, e.world.Extract(profile.NewDate(2026, time.October, 1)), 0o600))
	e.exits(0, "ers", "register", "import", path, "--format", "json")
}

// pulls reconciles, and compares the run with the plan before it.
func (e ersSite) pulls(code int, asOf string) summary {
	e.t.Helper()
	plan := e.on(asOf).asJSON(code, "plan", "--source", "ers")
	run := e.on(asOf).asJSON(code, "reconcile", "--source", "ers", "--wait")
	requireSameNumbers(e.t, plan, run)
	return run
}

// at lists the services that the simulator shows at its n-th site.
func (e ersSite) at(n int) (services []erstest.Service) {
	for _, s := range e.world.Services(ersSites(n + 1)[n].Code) {
		if !s.Removed {
			services = append(services, s)
		}
	}
	return services
}

// shown counts the stored e-RS services of the n-th site.
func (e ersSite) shown(n int) int {
	e.t.Helper()
	return e.count("select count(*) from service where source = 'ers' and not withdrawn and code = $1", ersSites(n + 1)[n].Code)
}

func (e ersSite) state(id services.ID) string {
	e.t.Helper()
	return one[string](e.site, "select state from ers_service where id = $1", id)
}

func TestServicesOfATrustFromTheExtractToTheProfile(t *testing.T) {
	t.Parallel()
	e := newERSSite(t, 3, 14)
	all := len(e.world.IDs())
	require.Equal(t, all, e.count("select count(*) from ers_service where state = 'known' and origin = 'extract'"))
	e.write("insert into service (code, source, name) values ('R00A1', 'editor', 'Chapel')")
	e.write("insert into service_text (code, external_id, text) values ('R00A1', $1, 'Bring a friend')", e.at(0)[0].ID)
	editors := e.editors()

	first := e.pulls(0, "2026-11-02")
	require.Equal(t, "done", first.State)
	require.Equal(t, changeCounts{Update: 3}, first.Changes)
	require.Equal(t, all, first.Records)
	require.Equal(t, 3, first.Population)
	for n := range 3 {
		require.Equal(t, len(e.at(n)), e.shown(n))
	}
	o := e.exits(0, "ers", "services", "R00A1", "--format", "json")
	require.Contains(t, o.out, "Bring a friend")
	require.Contains(t, o.out, "Chapel")
	require.Zero(t, e.ers.Summary().NotAllowed)
	require.LessOrEqual(t, e.ers.Summary().MostIDs, 20)

	audit := e.audit()
	before := e.ers.Ledger(erstest.Search)
	e.ers.Forget()
	second := e.pulls(0, "2026-11-02")
	require.Zero(t, second.Changes)
	require.Equal(t, audit, e.audit())
	require.Len(t, e.ers.Ledger(erstest.Search), len(before), "the same requests and no more")

	// changed, moved, missing
	changed, moved, missing := e.at(0)[1].ID, e.at(0)[2].ID, e.at(1)[1].ID
	require.NoError(t, e.world.Rename(changed, "Heart failure clinic"))
	require.NoError(t, e.world.Move(moved, "R02A1"))
	require.NoError(t, e.world.Remove(missing))
	run := e.pulls(0, "2026-11-03")
	require.Equal(t, map[string]int{"ers-services": 2}, run.Fields)
	require.Equal(t, changeCounts{Update: 2}, run.Changes)
	require.Equal(t, "missing", e.state(missing))
	require.Len(t, e.changes(run.Run), 3)
	history := e.history("R02A1")
	require.Equal(t, "ers", history[len(history)-1].Owner)
	require.Contains(t, e.exits(0, "ers", "register", "list", "--state", "missing").out, string(missing))
	undone := e.asJSON(0, "runs", "undo", run.Run, "--confirm", run.Run)
	require.Equal(t, map[string]int{"ers-services": 2}, undone.Fields)
	require.Equal(t, "active", e.state(missing))
	again := e.pulls(3, "2026-11-04")
	require.Equal(t, "undone", again.Withheld[0].Reason)
	require.Equal(t, 3, again.Withheld[0].Count)
	approved := e.asJSON(0, "runs", "approve", again.Run)
	require.Empty(t, approved.LeftOut)
	require.Equal(t, map[string]int{"ers-services": 2}, approved.Fields)
	require.Equal(t, "missing", e.state(missing))

	// gone on another day, and returned
	e.pulls(0, "2026-11-05")
	require.Equal(t, "gone", e.state(missing))
	require.Equal(t, len(e.at(1)), e.shown(1))
	require.NoError(t, e.world.Return(missing))
	for day := 6; e.state(missing) == "gone" && day < 14; day++ {
		e.pulls(0, fmt.Sprintf("2026-11-%02d", day))
	}
	require.Equal(t, "active", e.state(missing))
	require.Equal(t, len(e.at(1)), e.shown(1))
	require.Equal(t, editors, e.editors(), "what editors wrote is untouched")
}

func TestASiteThatLosesTooMuchIsWithheld(t *testing.T) {
	t.Parallel()
	e := newERSSite(t, 2, 12)
	e.pulls(0, "2026-11-02")
	for _, s := range e.at(0)[:6] {
		require.NoError(t, e.world.Remove(s.ID))
	}
	require.NoError(t, e.world.Rename(e.at(1)[0].ID, "Renamed"))
	run := e.pulls(3, "2026-11-03")
	require.Equal(t, []withheld{{Reason: "too-many-removals", Type: "trust-site", Field: "ers-services", Count: 6, Of: 12}}, run.Withheld)
	require.Equal(t, map[string]int{"ers-services": 1}, run.Fields, "everything else applies")
	require.Equal(t, 12, e.shown(0))
	e.exits(0, "cases", "look")
	waiting := e.exits(3, "cases", "list", "--kind", "removals-withheld").out
	require.Equal(t, 1, strings.Count(waiting, "removals-withheld"), "one case, however many services: %s", waiting)
	shown := e.exits(0, "cases", "show", "1").out
	require.Contains(t, shown, "--field ers-services.")
	require.Contains(t, shown, "6 of 12 services of the e-Referral Service")
	e.exits(0, "runs", "reject", run.Run)
	require.Empty(t, e.pulls(0, "2026-11-04").Withheld)
	require.Equal(t, 12, e.shown(0))
}

func TestAnEditorsIDIsVerifiedBeforeItIsLinked(t *testing.T) {
	t.Parallel()
	e := newERSSite(t, 2, 3)
	id := services.ID("500")
	service := services.Service{ID: id, Name: "New", Sites: []profile.ODSCode{"R00A1"}}
	require.NoError(t, e.world.Add(erstest.Service{Published: true, Service: service}))
	o := e.exits(1, "ers", "register", "add", "500", "--site", "R01A1")
	require.Contains(t, o.err, "not at R01A1")
	require.Contains(t, e.exits(1, "ers", "register", "add", "999", "--site", "R01A1").err, "does not know it")
	require.Equal(t, 2, e.exits(2, "ers", "register", "add", "11x", "--site", "R01A1").code)
	e.exits(0, "ers", "register", "add", "500", "--site", "R00A1", "--actor", "Edith")
	require.Equal(t, 1, e.count("select count(*) from ers_service where id = '500' and origin = 'editor' and added_by = 'Edith'"))
	run := e.on("2026-11-02").asJSON(0, "reconcile", "--source", "ers", "--ods", "R00A1", "--wait")
	require.Equal(t, 4, run.Records, "one site only")
	require.Equal(t, 4, e.shown(0))
	require.Zero(t, e.shown(1))
}

func TestTwoDaemonsTogetherKeepTheRateLimit(t *testing.T) {
	t.Parallel()
	e := newERSSite(t, 4, 100, "ERS_REQUESTS_PER_SECOND=10", "MODE=test", "LOG_LEVEL=info")
	e.ers.Forget()
	daemons := []daemon{e.serve(), e.serve()}
	// a pull by a daemon, and other commands beside it: they share the limit, not the lock
	e.exits(0, "reconcile", "--source", "ers")
	began := time.Now()
	for range 6 {
		id := e.at(0)[0].ID
		e.exits(0, "ers", "register", "add", string(id), "--site", "R00A1")
		e.exits(0, "ers", "codes", "--pull")
	}
	e.eventually(1, "select count(*) from run where state = 'done'")
	t.Logf("%s, %+v", time.Since(began), e.ers.Summary().Clients)
	for client, pace := range e.ers.Summary().Clients {
		require.LessOrEqual(t, pace.PeakPerSecond, 10, client)
	}
	for _, d := range daemons {
		d.stop()
	}
}

func TestTheServiceDeskSetsTheKindOfASite(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write(`insert into profile (code, name, type, parent, status) values
		('R0A', 'Trust', 'trust', '', 'open'), ('R0B', 'Ended', 'trust', '', 'closed'),
		('R0A01', 'Fine', 'trust-site', 'R0A', 'open'), ('R0B01', 'Orphan', 'trust-site', '', 'open'),
		('R0B02', 'Taken', 'trust-site', 'R0A', 'open'), ('A1B2C', 'Nameless', 'trust-site', '', 'open'),
		('D3E4F', 'Named', 'trust-site', 'R0A', 'open'), ('FA001', 'Shop', 'pharmacy', '', 'open')`)
	s.write("insert into profile (code, name, type) values ('R0C', 'Other trust', 'trust')")
	s.write("update profile set parent = 'R0C' where code = 'D3E4F'")
	require.Equal(t, "clinic", s.field("R0A01", "kind"))
	s.exits(0, "profile", "kind", "R0A01", "hospital", "--reason", "wards on two floors", "--actor", "Dora")
	require.Equal(t, "hospital", s.field("R0A01", "kind"))
	history := s.history("R0A01")
	require.Equal(t, []string{"kind", "desk", "clinic", "hospital", "Dora"}, []string{
		history[1].Field, history[1].Owner, history[1].Old, history[1].New, history[1].Actor,
	})
	require.Contains(t, s.exits(0, "profile", "history", "R0A01").out, "Dora: wards on two floors")
	require.Contains(t, s.exits(0, "profile", "history", "R0A01", "--format", "json").out, `"reason":"wards on two floors"`)
	s.exits(2, "profile", "kind", "R0A01", "clinic")
	s.exits(1, "profile", "kind", "FA001", "hospital", "--reason", "x")
	require.NotContains(t, s.exits(0, "ers", "owners", "--days", "0").out, "D3E4F")
	found := []string{}
	for _, o := range list[map[string]string](t, s.exits(0, "ers", "owners", "--format", "json")) {
		found = append(found, o["code"]+" "+o["problem"])
	}
	require.Equal(t, []string{"A1B2C no-owner", "D3E4F owner-changed", "R0B01 owner-closed", "R0B02 owner-changed"}, found)
}

// twoColumns is a minimal layout of the extract.
const twoColumns = `{"ID":"a","Site":"b","Name":"-","Provider":"-","Specialty":"-","AppointmentType":"-","Bookable":"-",
	"Published":"-","Unpublished":"-","From":"-","To":"-"}`

func TestAnExtractOfAnotherLayoutIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	path := filepath.Join(s.dir, "x.csv")
	require.NoError(t, os.WriteFile(path, []byte("a,b\n1,2\n"), 0o600))
	require.Contains(t, s.exits(1, "ers", "register", "import", path).err, "layout not recognised")
	columns := filepath.Join(s.dir, "columns.json")
	require.NoError(t, os.WriteFile(columns, []byte(twoColumns), 0o600))
	require.NoError(t, os.WriteFile(path, []byte("a,b\n11,R0A01\n12,R0A01"), 0o600))
	o := s.exits(0, "ers", "register", "import", path, "--columns", columns, "--format", "json")
	require.Equal(t, `{"rows":2,"rejected":0,"added":2,"changed":0,"odd":0}`, strings.TrimSpace(o.out))
	require.Contains(t, s.exits(2, "reconcile", "--source", "ers", "--wait").err, "ERS_CREDENTIALS")
}
