package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
)

func TestProfilesWithoutARouteToDoSGoOnlyToTheWebsite(t *testing.T) {
	t.Parallel()
	s, x := newSite(t).withSinks()
	s.reconcile(0, madeUp(t, "etr", 30), madeUpDay)
	codes := len(s.codes())
	d := s.serve()
	s.eventually(codes, "select count(*) from push where sink = 'website' and state = 'accepted'")
	s.waitUntilPushed()
	x.requireOnceOnWebsite(codes)
	require.Empty(t, x.dos.Summary().Requests, "DoS is not even asked")
	require.Zero(t, s.count("select count(*) from push_attempt where sink = 'dos'"), "and nothing failed")
	listed := s.pushes("--sink", "dos", "--state", "no-route", "--most", "100")
	require.Len(t, listed, codes)
	require.Contains(t, s.exits(0, "push", "list").out, "no-route")
	require.Contains(t, s.exits(0, "profile", "show", listed[0].Code).out, "no-route")
	require.NotContains(t, d.log(), `"level":"WARN"`)
	require.NotContains(t, d.log(), `"level":"ERROR"`)
	s.drift(0, "dos", "--repair")
	s.drift(0, "website")
	d.stop()
}

func TestPracticesReachDoSThroughItsIngest(t *testing.T) {
	t.Parallel()
	s, x := newSite(t).withSinks()
	s.reconcile(0, madeUp(t, "epraccur", 60), madeUpDay)
	codes := s.codes()
	known, unknown := codes[1:], codes[0]
	for _, code := range known {
		x.dos.SeedOrganization(code, strings.ToUpper(s.field(code, "name"))) // with roles, without contacts
	}
	s.serve()
	s.eventually(len(codes), "select count(*) from push where sink = 'website' and state = 'accepted'")
	s.eventually(len(known), "select count(*) from push where sink = 'dos' and route = 'fhir' and state = 'accepted'")
	s.waitUntilPushed()
	require.Equal(t, "refused", s.stateInDoS(unknown))
	require.Contains(t, one[string](s, "select reason from push where code = $1 and sink = 'dos'", unknown), "ask DoS to add it")

	const name = "McTavish's Surgery of the North"
	s.edit(known[2], "name", name)
	x.until("DoS has it in title case", func() bool { return x.dos.Organizations(known[2])[0].Name == "Mctavish'S Surgery Of The North" })
	s.waitUntilPushed()
	_, rows := s.drift(0, "dos")
	require.Empty(t, rows, "title case is not drift")
	requireContactsStay(t, s, x, known[0])

	before := x.dos.Summary().Effects[dostest.Applied]
	s.exits(0, "push", "retry", known[1], "--sink", "dos")
	s.waitUntilPushed()
	last := one[string](s, "select answer from push_attempt where code = $1 and sink = 'dos' order by id desc limit 1", known[1])
	require.Equal(t, "unchanged", last)
	require.Equal(t, before, x.dos.Summary().Effects[dostest.Applied])
	require.Positive(t, x.dos.Summary().Effects[dostest.Unchanged])
}

// requireContactsStay edits one contact at a time: DoS removes contacts that a
// push leaves out.
func requireContactsStay(t *testing.T, s *site, x sinks, code string) {
	t.Helper()
	contacts := func() map[string]string {
		all := map[string]string{}
		for _, c := range x.dos.Organizations(code)[0].Telecom {
			all[c.System] = c.Value
		}
		return all
	}
	s.edit(code, "email", "practice@example.org")
	x.until("DoS has the e-mail address", func() bool { return contacts()["email"] == "practice@example.org" })
	s.edit(code, "website", "https://www.example.org/practice")
	x.until("DoS has the website", func() bool { return contacts()["url"] == "https://www.example.org/practice" })
	require.Equal(t, "practice@example.org", contacts()["email"])
	s.waitUntilPushed()
	x.dos.ChangeOrganization(code, func(o *dostest.Organization) { o.Active = false })
	_, rows := s.drift(0, "dos", "--repair")
	require.Equal(t, map[[2]string]string{{code, "status"}: "closed"}, fields(rows))
	require.True(t, x.dos.Organizations(code)[0].Active)
	require.Len(t, x.dos.Organizations(code)[0].Roles, 2, "its roles stay too")
}
