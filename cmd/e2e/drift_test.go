package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
)

// driftResult and driftRow are what `drift --format json` prints: one result,
// then one row per field.
type driftResult struct {
	Check    int64  `json:"check"`
	Sink     string `json:"sink"`
	State    string `json:"state"`
	Checked  int    `json:"checked"`
	Missing  int    `json:"missing"`
	Drifted  int    `json:"drifted"`
	Repaired int    `json:"repaired"`
	Waiting  int    `json:"waiting"`
	Reason   string `json:"reason"`
}

type driftRow struct {
	Sink    string `json:"sink"`
	Code    string `json:"code"`
	Name    string `json:"name"`
	Entry   string `json:"entry"`
	Field   string `json:"field"`
	Want    string `json:"want"`
	Shown   string `json:"shown"`
	GivenUp bool   `json:"given_up"`
}

// drift checks one sink and requires an exit code.
func (s *site) drift(code int, sink string, more ...string) (driftResult, []driftRow) {
	s.t.Helper()
	args := append([]string{"drift", "--sink", sink, "--most", "100000", "--format", "json"}, more...)
	head, rows, _ := strings.Cut(s.exits(code, args...).out, "\n")
	found := objects[driftResult](s.t, head)
	require.Len(s.t, found, 1)
	require.Equal(s.t, sink, found[0].Sink)
	return found[0], objects[driftRow](s.t, rows)
}

// fields returns the rows as a comparable map: from profile and field to what
// is shown.
func fields(rows []driftRow) map[[2]string]string {
	all := make(map[[2]string]string, len(rows))
	for _, row := range rows {
		all[[2]string{row.Code, row.Field}] = row.Shown
	}
	return all
}

// driftIsFoundAndRepaired changes both sinks without a push: some profiles,
// which is drift, and then a fifth of all, which is an alarm.
func driftIsFoundAndRepaired(t *testing.T, s *site, x sinks) {
	t.Helper()
	codes := s.codes()
	all := len(codes)
	some, many := codes[all/10:all/10+all/22], codes[all/5:all/5+all/5]
	d := s.serve()
	requireDrift(t, s, "dos", all, changeDoS(x, some))
	requireAlarm(t, s, "dos", all, changeDoS(x, many))
	d.stop() // without a daemon, the command pushes its repairs itself
	requireDrift(t, s, "website", all, changeWebsite(t, x, some))
	requireAlarm(t, s, "website", all, changeWebsite(t, x, many))
}

// changeDoS changes the postcode or the address of services, in turn, and
// returns what each changed field shows.
func changeDoS(x sinks, codes []string) map[[2]string]string {
	changed := make(map[[2]string]string, len(codes))
	for i, code := range codes {
		x.dos.Change(code, func(service *dostest.Service) {
			if i%2 == 0 {
				service.Postcode = "ZZ99 3WZ"
				changed[[2]string{code, "postcode"}] = "ZZ99 3WZ"
			} else {
				service.Address = "Somewhere Else$Nowhere"
				changed[[2]string{code, "address"}] = "Somewhere Else\nNowhere"
			}
		})
	}
	return changed
}

func changeWebsite(t *testing.T, x sinks, codes []string) map[[2]string]string {
	t.Helper()
	changed := make(map[[2]string]string, len(codes))
	for i, code := range codes {
		change := [][2]string{{"postcode", "ZZ99 3WZ"}, {"name", "Somebody Else Altogether"}, {"status", "Hidden"}}[i%3]
		require.NoError(t, x.website.Change(code, change[0], change[1]))
		if change[0] == "status" {
			change = [2]string{"hidden", "true"}
		}
		changed[[2]string{code, change[0]}] = change[1]
	}
	return changed
}

// requireDrift requires that exactly these fields are found and repaired, and
// that nothing is found afterwards.
func requireDrift(t *testing.T, s *site, sink string, profiles int, changed map[[2]string]string) {
	t.Helper()
	result, rows := s.drift(3, sink)
	require.Equal(t, driftResult{Check: result.Check, Sink: sink, State: "done", Checked: profiles, Drifted: len(changed)}, result)
	require.Equal(t, changed, fields(rows), "exactly those fields")
	before := s.count("select count(*) from push_attempt")

	result, rows = s.drift(0, sink, "--repair")
	require.Equal(t, len(changed), result.Repaired)
	require.Equal(t, changed, fields(rows))
	require.Equal(t, before+len(changed), s.count("select count(*) from push_attempt"), "one push each")

	s.requireAllPushed()
	result, rows = s.drift(0, sink)
	require.Equal(t, driftResult{Check: result.Check, Sink: sink, State: "done", Checked: profiles}, result, "repaired")
	require.Empty(t, rows)
	require.Equal(t, profiles, s.count("select count(*) from push where sink = $1 and seen_at is not null", sink))
}

// requireAlarm requires that this much drift is not repaired.
func requireAlarm(t *testing.T, s *site, sink string, profiles int, changed map[[2]string]string) {
	t.Helper()
	before := s.count("select count(*) from push_attempt")
	result, rows := s.drift(1, sink, "--repair")
	require.Equal(t, "alarm", result.State)
	require.Equal(t, profiles, result.Checked)
	require.Equal(t, len(changed), result.Drifted)
	require.Zero(t, result.Repaired)
	require.Regexp(t, `differs for \d+ of \d+ profiles: nothing is repaired`, result.Reason)
	require.Equal(t, changed, fields(rows))
	require.Equal(t, before, s.count("select count(*) from push_attempt"), "nothing was pushed")
	s.requireAllPushed()
}

func TestASinkThatShowsNothingIsAnAlarm(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 60)
	d := s.serve()
	s.waitUntilPushed()
	d.stop()
	result, _ := s.drift(0, "website")
	require.Positive(t, result.Checked)
	x.website.Wipe()
	result, _ = s.drift(1, "website", "--repair")
	require.Equal(t, "alarm", result.State)
	require.Equal(t, result.Checked, result.Missing)
	require.Contains(t, result.Reason, "shows none of")
	require.Zero(t, x.website.Summary().Codes, "nothing was pushed")

	code := s.codes()[0]
	result, rows := s.drift(0, "website", "--repair", "--ods", code)
	require.Equal(t, []int{1, 1, 1}, []int{result.Checked, result.Missing, result.Repaired}, "a profile that a person names is not an alarm")
	require.Equal(t, map[[2]string]string{{code, "missing"}: ""}, fields(rows))
	require.NotEmpty(t, x.onWebsite(code).Name)
	require.Contains(t, s.exits(1, "drift", "--sink", "website").out, "alarm")
}

func TestDriftWithoutAConfiguredSinkIsRefused(t *testing.T) {
	t.Parallel()
	require.Contains(t, newSite(t).exits(2, "drift").err, "no sink is configured")
}
