package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// overwritten is a value that `push list` says a push overwrote.
type overwritten struct {
	Sequence int64     `json:"sequence"`
	Entry    string    `json:"entry"`
	Field    string    `json:"field"`
	Before   string    `json:"before"`
	After    string    `json:"after"`
	At       time.Time `json:"at"`
}

// addApart gives a pharmacy a main service and three derived ones in DoS that differ in
// every field.
func (x sinks) addApart(code string) {
	for i, s := range []dostest.Service{
		{ODSCode: code, Type: dostest.TypePharmacy, ZCodes: []string{dostest.PalliativeZCode}},
		{ODSCode: code + "M06", Type: dostest.TypeEnhanced},
		{ODSCode: code + "BPS", Type: dostest.TypePressure, ZCodes: []string{dostest.PressureZCode}},
		{ODSCode: code + "CON", Type: dostest.TypeContraception, Status: dostest.StatusClosed},
	} {
		s.Name, s.Address, s.Postcode = fmt.Sprintf("Service %d", i), fmt.Sprintf("%d Own Street$Leeds", i+1), fmt.Sprintf("LS%d 1AA", i+1)
		s.Phone, s.Web = fmt.Sprintf("0113496000%d", i), fmt.Sprintf("https://own%d.example", i)
		s.Weekly, s.Specified = fmt.Sprintf("mon 09:00-1%d:00", i), fmt.Sprintf("2090-12-2%d closed", i)
		x.dos.AddService(s)
	}
}

// agree makes the services of a pharmacy show the same in what an event cannot leave out.
func (x sinks) agree(code string) {
	x.dos.Change(code, func(s *dostest.Service) {
		s.Phone, s.Web, s.Specified = "01134960009", "https://one.example", "2090-12-29 closed"
	})
}

// editsOfFields change one field each of what DoS shows, with the code as $1.
var editsOfFields = []struct{ sql, kept string }{
	{setting("name", "'Another Name'"), ""},
	{setting("address", "'{9 Other Road,Leeds}'"), "address"},
	{setting("postcode", "'LS9 9ZZ'"), "postcode"},
	{setting("icb", "'QT6'"), ""},
	{setting("phone", "'0113 496 2222'"), "phone"},
	{setting("website", "'https://stated.example'"), "web"},
	{"insert into opening_period (code, day, opens, closes) values ($1, 'wed', '08:00', '12:00')", "weekly"},
	{"insert into dated_opening_period (code, date, opens, closes) values ($1, current_date + 30, '08:00', '12:00')", "specified"},
}

func TestNoServiceOfDoSLosesWhatNobodyStated(t *testing.T) {
	t.Parallel()
	s, x := newSite(t).withSinks()
	s.reconcile(0, madeUp(t, "edispensary", 20), madeUpDay)
	require.Zero(t, s.count("select count(*) from profile where website <> ''"), "nobody stated one")
	codes := one[[]string](s, "select array_agg(code order by code) from profile where phone <> '' and status = 'open'")
	untouched, hours, stated, drifting, allowed := codes[0], codes[1], codes[2], codes[3], codes[4]
	before := map[string][]dostest.Service{}
	for _, code := range s.codes() {
		x.addApart(code)
	}
	x.agree(stated)
	x.agree(drifting)
	for _, code := range codes {
		before[code] = x.dos.Services(code)
	}
	s.serve()

	// After the first load, those that differ wait; what is stated arrived at the others.
	s.waitUntilPushed()
	x.awaitDoS()
	require.Equal(t, len(codes)-2, s.count("select count(*) from push where sink = 'dos' and state = 'waits' and code = any($1)", codes))
	for _, code := range codes {
		if code != stated && code != drifting {
			require.Equal(t, before[code], x.dos.Services(code))
			require.Empty(t, x.dos.Effects(code), "nothing was sent")
		}
	}
	waiting := s.pushes("--state", "waits", "--most", "100")
	main, pressure := before[waiting[0].Code][0], before[waiting[0].Code][2]
	require.Contains(t, waiting[0].Reason, fmt.Sprintf("website differs: service %s (type 13) shows %s,", main.ID, main.Web))
	require.Contains(t, waiting[0].Reason, fmt.Sprintf("service %s (type 148) shows %s; nobody stated it.", pressure.ID, pressure.Web))
	require.Contains(t, waiting[0].Reason, "`push retry "+waiting[0].Code+" --overwrite`")
	for _, code := range []string{stated, drifting} {
		requireKept(t, before[code], x.dos.Services(code), "address", "postcode", "phone")
	}

	// Edits of fields other than hours do not overwrite anything, however often it is tried.
	for _, e := range editsOfFields {
		if e.kept != "weekly" && e.kept != "specified" && e.kept != "web" {
			s.write(e.sql, untouched)
		}
	}
	s.edit(untouched, "description", "Ring twice.")
	s.waitUntilPushed()
	s.drift(0, "dos", "--repair")
	s.waitUntilPushed()
	require.Equal(t, before[untouched], x.dos.Services(untouched))
	require.Equal(t, 3, s.exits(3, "push", "retry", untouched, "--sink", "dos").code)
	require.Equal(t, before[untouched], x.dos.Services(untouched))

	// Each edit changes its own field of all services that are active, and no other.
	for _, e := range editsOfFields {
		was := x.dos.Services(stated)
		s.write(e.sql, stated)
		s.waitUntilPushed()
		x.awaitDoS()
		requireKept(t, was, x.dos.Services(stated), e.kept)
		require.Empty(t, s.requirePush(stated, "dos").Overwritten)
	}

	// A service that somebody changed is found by name; the repair changes that alone.
	right := x.dos.Services(drifting)
	x.dos.Change(drifting, func(service *dostest.Service) {
		if service.Type == dostest.TypePressure {
			service.Postcode = "ZZ99 3WZ"
		}
	})
	_, rows := s.drift(3, "dos")
	require.Len(t, rows, 1)
	require.Equal(t, fmt.Sprintf("service %s (type 148)", right[2].ID), rows[0].Entry)
	require.Equal(t, "postcode", rows[0].Field)
	s.drift(0, "dos", "--repair")
	x.awaitDoS()
	require.Equal(t, right, x.dos.Services(drifting), "all as before")

	requireClosureArrives(t, s, x, hours, before[hours])
	var took []time.Duration
	for _, code := range codes[5:10] {
		began := s.closeToday(code, "update profile set description = 'Closed.' where code = $1")
		x.until("DoS shows the closure", func() bool { return x.inDoS(code).Specified == today()+" closed" })
		took = append(took, time.Since(began))
	}
	requireWithinASecond(t, took)
	requireOverwriteOnRequest(t, s, x, allowed, before[allowed])

	s.waitUntilPushed()
	_, rows = s.drift(0, "dos")
	require.Empty(t, rows)
	attempts := s.count("select count(*) from push_attempt")
	s.drift(0, "dos", "--repair")
	s.waitUntilPushed()
	require.Equal(t, attempts, s.count("select count(*) from push_attempt"), "a second check pushes nothing")
}

// requireClosureArrives closes a pharmacy today: that does not wait, and exactly what it
// overwrote is recorded.
func requireClosureArrives(t *testing.T, s *site, x sinks, code string, before []dostest.Service) {
	t.Helper()
	today := profile.DateIn(time.Now(), profile.London())
	_, err := s.connect().Exec(t.Context(), "insert into dated_opening_period (code, date) values ($1, $2::date)", code, today.String())
	require.NoError(t, err)
	x.until("every active service shows the closure", func() bool {
		for _, service := range x.dos.Services(code)[:3] {
			if service.Specified != today.String()+" closed" {
				return false
			}
		}
		return true
	})
	s.waitUntilPushed()
	requireKept(t, before, x.dos.Services(code), "address", "postcode", "specified", "phone", "web")
	requireRecorded(t, s, code, before, "website")

	const week = "tue 08:00-12:00" // the website is the same everywhere by now
	_, err = s.connect().Exec(t.Context(), "insert into opening_period (code, day, opens, closes) values ($1, 'tue', '08:00', '12:00')", code)
	require.NoError(t, err)
	x.until("every active service shows the week", func() bool {
		services := x.dos.Services(code)
		return services[0].Weekly == week && services[1].Weekly == week && services[2].Weekly == week
	})
	s.waitUntilPushed()
	requireKept(t, before, x.dos.Services(code), "address", "postcode", "specified", "phone", "web", "weekly")
	requireRecorded(t, s, code, nil)
}

// requireOverwriteOnRequest lets a push overwrite what nobody stated.
func requireOverwriteOnRequest(t *testing.T, s *site, x sinks, code string, before []dostest.Service) {
	t.Helper()
	s.exits(0, "push", "retry", code, "--sink", "dos", "--overwrite")
	x.awaitDoS()
	requireKept(t, before, x.dos.Services(code), "address", "postcode", "specified", "phone", "web")
	requireRecorded(t, s, code, before, "website", "dated-opening-times")
	require.Contains(t, s.exits(0, "push", "list", "--sink", "dos").out, "OVERWRITTEN")
	require.Contains(t, s.exits(0, "profile", "show", code).out, "dos overwrote")
}

// requireRecorded requires that the last push of a pharmacy says that it overwrote
// exactly these fields of the derived services that are active, with the values of the
// first one.
func requireRecorded(t *testing.T, s *site, code string, before []dostest.Service, fields ...string) {
	t.Helper()
	value := func(service dostest.Service, field string) string {
		return map[string]string{"website": service.Web, "dated-opening-times": service.Specified}[field]
	}
	var want, got []overwritten
	for i, derived := range before {
		if i == 0 || derived.Status == dostest.StatusClosed {
			continue
		}
		for _, field := range fields {
			want = append(want, overwritten{
				Entry: fmt.Sprintf("service %s (type %d)", derived.ID, derived.Type), Field: field,
				Before: value(derived, field), After: value(before[0], field),
			})
		}
	}
	for _, p := range s.pushes("--sink", "dos", "--most", "100") {
		if p.Code == code {
			for _, o := range p.Overwritten {
				require.Equal(t, p.Sequence, o.Sequence)
				o.Sequence, o.At = 0, time.Time{}
				got = append(got, o)
			}
		}
	}
	require.ElementsMatch(t, want, got)
}

// requireKept requires that each service kept all but these fields, and that the closed
// one kept all.
func requireKept(t *testing.T, before, after []dostest.Service, but ...string) {
	t.Helper()
	require.Len(t, after, len(before))
	for i, is := range after {
		was := before[i]
		for _, field := range but {
			if was.Status == dostest.StatusClosed {
				break
			}
			switch field {
			case "address":
				require.NotEqual(t, was.Address, is.Address)
				is.Address = was.Address
			case "postcode":
				is.Postcode = was.Postcode
			case "phone":
				is.Phone = was.Phone
			case "web":
				is.Web = was.Web
			case "weekly":
				is.Weekly = was.Weekly
			case "specified":
				is.Specified = was.Specified
			}
		}
		require.Equal(t, was, is)
	}
}
