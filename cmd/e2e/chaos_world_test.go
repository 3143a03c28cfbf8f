package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/calendar/calendartest"
	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/connectors/notify/notifytest"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/connectors/postgres/pgproxy"
	"github.com/profilesync/profilesync/connectors/smtp/smtptest"
)

// chaosWorld is a site with all outside systems, each simulated in the test's own process.
type chaosWorld struct {
	*site

	sinks    sinks
	world    *odstest.World
	mail     *notifytest.Server
	calendar *calendartest.Server
	register *registerModel
	services *erstest.Server
	relay    *smtptest.Server // in some rounds
	relayed  atomic.Int64     // requests to it that met a fault
}

// newChaos makes a round: a copy of the database, new outside systems, and daemons that do not
// run yet.
func (l *lane) newChaos(t *testing.T, seed uint64) *chaos {
	t.Helper()
	s := bareSite(t)
	s.url = l.copyOf(t, seed)
	s.env = []string{
		"DATABASE_URL=" + s.url, "MODE=test", "REPORT_KEYS=" + reportKey, "REPORT_TOKENS=" + reportToken,
		`LISTS={"national":"national@example.nhs.uk","service-desk":"desk@example.nhs.uk"}`,
	}
	s, x := s.withSinks()
	p, mail := peopleSite{s}.withNotify()
	days, holidays := calendartest.Start(t, calendartest.Options{})
	m := newRegisterModel()
	world, register := newChaosRegister(t, m)
	key := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(key, []byte(testKey+"\n"), 0o600))
	s = p.with("CALENDAR_URL="+holidays, "ODS_DOWNLOADS_URL="+register, "ODS_API_URL="+register+odstest.FHIRPath, "ODS_API_KEY_FILE="+key,
		"ODS_REQUESTS_PER_SECOND=1000", "ODS_REPORTS=edispensary,etr")
	services, referrals := erstest.Start(t, erstest.Options{World: chaosServices()})
	s = s.with("ERS_URL="+referrals, "ERS_AUTH=none", "ERS_REQUESTS_PER_SECOND=200")
	x.dos.Seed(s.codes()...)
	c := &chaos{
		chaosWorld: &chaosWorld{
			site:     s,
			sinks:    x,
			world:    world,
			mail:     mail,
			calendar: days,
			register: m,
			services: services,
		}, lane: l, seed: seed, began: time.Now(), proofs: map[string]int{},
	}
	if c.draws(theRelay) {
		c.relay = smtptest.Start(t, smtptest.Options{NoTLS: true})
		c.site = c.with("MAIL=smtp", "SMTP_HOST="+c.relay.Host(), fmt.Sprintf("SMTP_PORT=%d", c.relay.Port()), "SMTP_TLS=none")
	}
	c.model = newChaosModel(c)
	for code, fact := range c.facts("etr") {
		m.first[code] = fact.Fields["icb"]
	}
	c.seesClosed()
	daemons := 1 + c.stream("daemons").IntN(3)
	if c.draws(twoLeaders) {
		daemons = max(daemons, 2)
	}
	for n := range daemons {
		c.daemons = append(c.daemons, &slot{chaos: c, n: n, line: pgproxy.New(t, s.url), clock: chaosMorning})
	}
	return c
}
