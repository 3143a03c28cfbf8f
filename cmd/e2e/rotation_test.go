package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
)

// newKey returns a key pair, and the private one as PEM.
func newKey(t *testing.T) (public *rsa.PublicKey, private string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return &key.PublicKey, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// A daemon that runs takes new credentials of e-RS from their file at the next pull, and
// nothing is asked twice.
func TestNewCredentialsOfERSAreReadAtTheNextPull(t *testing.T) {
	t.Parallel()
	e := newERSSite(t, 2, 20)
	d := e.serve()
	pull := func(runs int) {
		e.exits(0, "reconcile", "--source", "ers")
		e.eventually(runs, "select count(*) from run where source = 'ers' and state in ('done', 'failed')")
	}
	pull(1)
	require.Equal(t, len(e.at(0)), e.shown(0))

	public, private := newKey(t)
	const client = "client-north"
	e.ers.TokenEndpoint(client).Register("k2", public)
	credentials, err := json.Marshal(map[string]string{"name": "north", "client_id": client, "key_id": "k2", "private_key": private})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(e.dir, "credentials"), credentials, 0o600))
	e.ers.TokenEndpoint(client).Register("k1", nil)
	e.ers.TokenEndpoint(client).ExpireAll()
	audited := e.audit()
	e.ers.Forget()
	pull(2)
	require.Equal(t, 2, e.count("select count(*) from run where source = 'ers' and state = 'done'"))
	require.Len(t, e.ers.Ledger(erstest.Search), 2, "each batch of 20 once")
	require.Equal(t, audited, e.audit(), "nothing changed")
	d.stop()
}

// With a key of the ingest that was withdrawn the route pauses; after a restart with the
// new one everything that waited is pushed, once.
func TestANewKeyOfTheIngestIsTakenAtTheNextStart(t *testing.T) {
	t.Parallel()
	s, x := newSite(t).withSinks()
	s.reconcile(0, madeUp(t, "epraccur", 10), madeUpDay)
	codes := s.codes()
	for _, code := range codes {
		x.dos.SeedOrganization(code, strings.ToUpper(s.field(code, "name")))
	}
	oldPublic, oldPrivate := newKey(t)
	newPublic, newPrivate := newKey(t)
	platform, base := erstest.Start(t, erstest.Options{
		World: erstest.NewWorld(1, nil, 0), Clients: []erstest.Client{{ID: "c", KeyID: "k1", Key: oldPublic}},
	})
	s = s.with("DOS_FHIR_TOKEN_URL="+erstest.Root(base)+erstest.TokenPath, "DOS_FHIR_CLIENT_ID=c")
	before := s.with("DOS_FHIR_KEY_ID=k1", "DOS_FHIR_PRIVATE_KEY="+oldPrivate)
	after := s.with("DOS_FHIR_KEY_ID=k2", "DOS_FHIR_PRIVATE_KEY="+newPrivate)
	d := before.serve()
	s.waitUntilPushed()
	d.stop()
	updates := x.dos.Summary().Kinds["organization-update"]
	require.Equal(t, 1, platform.TokenEndpoint("c").Calls())

	platform.TokenEndpoint("c").Register("k2", newPublic)
	platform.TokenEndpoint("c").Register("k1", nil)
	s.edit(codes[0], "phone", "0113 496 0001")
	d = before.serve()
	s.eventually(1, "select count(*) from route where sink = 'dos' and route = 'fhir' and paused = 'unauthorized' and probes >= 2")
	require.Equal(t, "wanted", s.stateInDoS(codes[0]))
	require.Equal(t, updates, x.dos.Summary().Kinds["organization-update"])
	d.stop()

	d = after.serve()
	s.waitUntilPushed()
	require.Empty(t, after.requirePush(codes[0], "dos").LeftOut)
	require.Equal(t, updates+1, x.dos.Summary().Kinds["organization-update"], "once")
	require.Zero(t, x.dos.Summary().Twice+x.dos.Summary().Backwards)
	d.stop()
}

// The daemon goes on as another login role of its rights after a restart: what was
// written between is pushed once, and the old role can be dropped.
func TestANewLoginToTheDatabaseIsTakenAtTheNextStart(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	codes := s.codes()
	admin := s.connect()
	logins := []string{"login_" + strings.ToLower(rand.Text()), "login_" + strings.ToLower(rand.Text())}
	for _, login := range logins {
		_, err := admin.Exec(t.Context(), "create role "+pgx.Identifier{login}.Sanitize()+" login in role "+pgtest.Roles(t).Daemon)
		require.NoError(t, err)
	}
	as := func(login string) *site { return s.with("DATABASE_URL=" + pgtest.As(t, s.url, login)) }
	d := as(logins[0]).serve()
	s.waitUntilPushed()
	x.requireOnce(len(codes))
	d.stop()
	s.edit(codes[0], "phone", "0113 496 0001")
	d = as(logins[1]).serve()
	_, err := admin.Exec(t.Context(), "drop role "+logins[0])
	require.NoError(t, err)
	s.waitUntilPushed()
	x.showPhone(codes[0], "0113 496 0001")
	x.awaitDoS()
	require.Len(t, x.website.Effects(codes[0]), 2)
	x.requireRising(codes[0])
	d.stop()
	_, err = admin.Exec(t.Context(), "drop role "+logins[1])
	require.NoError(t, err)
}

// A daemon that runs takes new tokens of receipts from their file: while both are
// accepted no receipt is lost, and none counts twice.
func TestATokenOfReceiptsIsReplacedWhileInUse(t *testing.T) {
	t.Parallel()
	p, server := newPeopleSite(t).withNotify()
	p.env = slices.DeleteFunc(p.env, func(setting string) bool { return strings.HasPrefix(setting, "NOTIFY_CALLBACK_TOKEN=") })
	file := filepath.Join(t.TempDir(), "tokens")
	p = peopleSite{p.with("NOTIFY_CALLBACK_TOKEN_FILE=" + file)}
	next := strings.Repeat("another-", 5)
	keep := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	keep(callbackToken + "\n")
	p.began("2026-09-30T11:00:00Z")
	d := p.at("2026-10-01T08:30:00Z").serve()
	p.eventually(4, "select count(*) from letter where state = 'accepted'")
	server.Advance(10 * time.Minute)
	post := func(token string) (taken, again int) {
		posted, err := server.PostReceipts(t.Context(), "http://"+d.address()+"/notify/receipts", token)
		require.NoError(t, err)
		server.Advance(5 * time.Minute)
		return posted.Taken, posted.Again
	}
	keep("")
	taken, again := post(callbackToken)
	require.Equal(t, [2]int{0, 4}, [2]int{taken, again}, "while no token can be read, Notify tries again")
	keep(next + "\n" + callbackToken + "\n")
	status, _ := d.getAs("/notify/receipts", "Bearer "+callbackToken)
	require.Equal(t, 405, status)
	taken, again = post(callbackToken)
	require.Equal(t, [2]int{4, 0}, [2]int{taken, again})
	p.eventually(4, "select count(*) from letter where state = 'delivered'")
	keep(next + "\n")
	d.untilItSays("it is empty")
	d.stop()
	require.Equal(t, 4, server.Summary().Accepted, "no letter went twice")
}

// A letter to a board's list goes once, to the address that the list has when it is sent.
func TestANewAddressOfAListIsTakenAtTheNextStart(t *testing.T) {
	t.Parallel()
	p := newPeopleSite(t)
	over := p.at("2027-01-04T09:30:00Z")
	over.exits(0, "remind", "--post")
	moved := over.with(`LISTS={"QAA":"moved.list@example.nhs.uk"}`)
	for range 2 { // the second time finds nothing
		moved.exits(0, "mail", "send")
		moved.exits(0, "remind", "--post")
	}
	old, now := 0, 0
	for _, letters := range p.messages() {
		for _, letter := range letters {
			old += strings.Count(letter, "To: <canary.list@")
			now += strings.Count(letter, "To: <moved.list@")
		}
	}
	require.Equal(t, [2]int{0, 1}, [2]int{old, now})
}
