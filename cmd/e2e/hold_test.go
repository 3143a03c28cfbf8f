package e2e

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// held is a row of `hold list`.
type held struct {
	ID        int64     `json:"id"`
	Code      string    `json:"code"`
	Name      string    `json:"name"`
	Field     string    `json:"field"`
	Sink      string    `json:"sink"`
	Until     string    `json:"until"`
	Reason    string    `json:"reason"`
	Actor     string    `json:"actor"`
	At        time.Time `json:"at"`
	Removed   time.Time `json:"removed_at"`
	RemovedBy string    `json:"removed_by"`
}

// hold adds a hold and returns the newest one of the profile.
func (s *site) hold(code string, what ...string) held {
	s.t.Helper()
	args := append([]string{"hold", "add", code, "--reason", "a lease is contested", "--actor", "Jo Hold", "--format", "json"}, what...)
	all := objects[held](s.t, s.exits(0, args...).out)
	require.NotEmpty(s.t, all)
	newest := all[0]
	for _, h := range all {
		if h.ID > newest.ID {
			newest = h
		}
	}
	return newest
}

func (s *site) release(h held) {
	s.t.Helper()
	s.exits(0, "hold", "remove", strconv.FormatInt(h.ID, 10), "--actor", "Jo Hold")
}

// stateInDoS returns the state of the push to DoS.
func (s *site) stateInDoS(code string) string {
	s.t.Helper()
	return one[string](s, "select state from push where code = $1 and sink = 'dos'", code)
}

func TestAProfileHeldForDoSGoesToTheWebsiteAndCatchesUp(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	s.serve()
	s.waitUntilPushed()
	code := s.codes()[0]
	before := x.phones(code)[0]
	h := s.hold(code, "--sink", "dos")
	require.Equal(t, held{
		ID: h.ID, Code: code, Name: h.Name, Sink: "dos", Reason: "a lease is contested", Actor: "Jo Hold", At: h.At,
	}, h)
	s.eventually(1, "select count(*) from push where code = $1 and sink = 'dos' and state = 'held'", code)

	s.edit(code, "phone", "0113 496 0001")
	x.until("the website shows it", func() bool { return x.phones(code)[1] == "01134960001" })
	s.waitUntilPushed()
	require.Equal(t, "held", s.stateInDoS(code))
	require.Equal(t, before, x.phones(code)[0], "not pushed")
	require.Len(t, x.dos.Effects(code), 1)
	result, rows := s.drift(0, "dos", "--repair")
	require.Empty(t, rows, "a held profile is not drift")
	require.Equal(t, len(s.codes())-1, result.Checked)
	require.Equal(t, 3, s.do("push", "retry", code, "--sink", "dos").code, "a retry by one person does not override another's hold")
	require.Len(t, x.dos.Effects(code), 1)
	require.Len(t, s.pushes("--state", "held"), 1)
	require.Contains(t, s.exits(0, "hold", "list").out, "Jo Hold")
	require.Equal(t, []held{h}, objects[held](t, s.exits(0, "hold", "list", code, "--format", "json").out))

	s.release(h)
	x.showPhone(code, "0113 496 0001")
	s.waitUntilPushed()
	require.Equal(t, "accepted", s.stateInDoS(code))
	x.requireRising(code)
	require.Empty(t, objects[held](t, s.exits(0, "hold", "list", "--format", "json").out))
	ended := objects[held](t, s.exits(0, "hold", "list", "--ended", "--format", "json").out)
	require.Len(t, ended, 1)
	require.Equal(t, "Jo Hold", ended[0].RemovedBy)
	require.Contains(t, s.exits(1, "hold", "remove", strconv.FormatInt(h.ID, 10)).err, "hold")
}

func TestAHoldEndsByItself(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	d := s.serve()
	s.waitUntilPushed()
	code := s.codes()[0]
	today := profile.DateIn(time.Now(), profile.London())
	h := s.hold(code, "--sink", "dos", "--until", today.AddDays(1).String())
	require.Equal(t, today.AddDays(1).String(), h.Until)
	s.edit(code, "phone", "0113 496 0001")
	x.until("the website shows it", func() bool { return x.phones(code)[1] == "01134960001" })
	d.stop()

	last := s.with("MODE=test", "NOW="+today.AddDays(1).String()+"T12:00:00Z").serve()
	s.edit(code, "phone", "0113 496 0002")
	x.until("the website shows it", func() bool { return x.phones(code)[1] == "01134960002" })
	require.Equal(t, "held", s.stateInDoS(code), "the last day is held")
	last.stop()
	s.with("MODE=test", "NOW="+today.AddDays(2).String()+"T12:00:00Z").serve()
	x.showPhone(code, "0113 496 0002")
	s.waitUntilPushed()
	require.Equal(t, "accepted", s.stateInDoS(code))
}

func TestAHeldFieldStaysInPlanPushAndDrift(t *testing.T) {
	t.Parallel()
	s, x := newStockedSite(t, 20)
	s.serve()
	s.waitUntilPushed()
	code := s.codes()[0]
	s.edit(code, "phone", "0113 496 0001")
	x.showPhone(code, "0113 496 0001")
	phone, name := s.hold(code, "--field", "phone"), s.hold(code, "--field", "name")

	s.edit(code, "phone", "0113 496 0002")
	s.edit(code, "website", "https://www.example.org/new")
	x.until("the other field goes", func() bool {
		return x.onWebsite(code).contact("Website") == "https://www.example.org/new" && x.inDoS(code).Web == "https://www.example.org/new"
	})
	s.waitUntilPushed()
	require.Equal(t, [2]string{"01134960001", "01134960001"}, x.phones(code), "the held field stays as it is shown")

	x.dos.Change(code, func(service *dostest.Service) { service.Phone = "01144960000" })
	require.NoError(t, x.website.Change(code, "phone", "0114 496 0000"))
	for _, sink := range []string{"dos", "website"} {
		_, rows := s.drift(0, sink, "--repair")
		require.Empty(t, rows, "a held field is not drift")
	}
	renamed := s.renamed(code)
	require.Zero(t, s.plan(0, renamed, madeUpDay).Changes.Update, "the plan leaves held fields alone")

	s.release(phone)
	s.release(name)
	x.showPhone(code, "0113 496 0002")
	require.Equal(t, 1, s.plan(0, renamed, madeUpDay).Changes.Update)
}

// renamed returns the listing that was loaded, with another name for one
// profile.
func (s *site) renamed(code string) string {
	s.t.Helper()
	rows := edited(readRows(s.t, madeUp(s.t, "edispensary", 20)), func(_ int, row []string) []string {
		if row[atCode] == code {
			row[atName] = "QUITE ANOTHER NAME LTD"
		}
		return row
	})
	return writeRows(s.t, "edispensary_"+madeUpDay+".csv", rows, "\r\n")
}

func TestHoldsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	s, _ := newStockedSite(t, 20)
	code := s.codes()[0]
	for _, test := range []struct {
		exit int
		want string
		args []string
	}{
		{2, "that day has passed", []string{code, "--sink", "dos", "--until", "2026-01-31", "--reason", "late"}},
		{2, "--until", []string{code, "--sink", "dos", "--until", "tomorrow", "--reason", "when"}},
		{2, "--reason", []string{code, "--sink", "dos"}},
		{2, "sink", []string{code, "--sink", "nowhere", "--reason", "where"}},
		{2, "field", []string{code, "--field", "nothing", "--reason", "what"}},
		{2, "--field", []string{code, "--field", "phone", "--sink", "dos", "--reason", "both"}},
		{2, "ZZZ99", []string{"ZZZ99", "--sink", "dos", "--reason", "who"}},
	} {
		o := s.exits(test.exit, append([]string{"hold", "add"}, test.args...)...)
		require.Contains(t, o.err, test.want)
	}
	require.Zero(t, s.count("select count(*) from hold"))
}
