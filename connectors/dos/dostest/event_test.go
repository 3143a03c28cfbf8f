package dostest_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
)

func TestTheGatewayRefusesWithItsOwnTexts(t *testing.T) {
	t.Parallel()
	good := eventOf(t, nil)
	cases := map[string]struct {
		headers []string
		body    string
		status  int
		want    string
	}{
		"no key":              {[]string{"X-Api-Key", ""}, good, 403, `{"message":"Forbidden"}`},
		"wrong key":           {[]string{"X-Api-Key", "other"}, good, 403, `{"message":"Forbidden"}`},
		"charset":             {[]string{"Content-Type", "application/json; charset=utf-8"}, good, 415, `{"message":"Unsupported Media Type"}`},
		"no sequence":         {[]string{"Sequence-Number", ""}, good, 400, `{"Message":"Bad Request"}`},
		"sequence of letters": {[]string{"Sequence-Number", "ABCD1"}, good, 400, `{"Message":"Bad Request"}`},
		"no ODS code":         {nil, eventOf(t, fields{"ODSCode": absent}), 400, `{"Message":"Bad Request"}`},
		"ODS code null":       {nil, eventOf(t, fields{"ODSCode": nil}), 400, `{"Message":"Bad Request"}`},
		"no JSON":             {nil, "hello", 400, `{"Message":"Bad Request"}`},
		"too long":            {nil, eventOf(t, fields{"County": strings.Repeat("x", 256<<10)}), 400, `{"Message":"Bad Request"}`},
		"negative sequence":   {[]string{"Sequence-Number", "-1234"}, good, 200, `{"Message":"Change event received"}`},
		"good":                {nil, good, 200, `{"Message":"Change event received"}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, dostest.Options{})
			got := w.post(1, c.body, c.headers...)
			require.Equal(t, c.status, got.status)
			require.JSONEq(t, c.want, got.body)
			require.Equal(t, "DENY", got.header.Get("X-Frame-Options"))
			require.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"))
			require.Equal(t, c.status, w.s.Ledger()[0].Status)
		})
	}
}

func TestAnUnknownPathIsNotServed(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	require.Equal(t, http.StatusForbidden, w.do(http.MethodGet, dostest.EventPath, "").status)
	require.Equal(t, dostest.KindOther, w.s.Ledger()[0].Kind)
}

func TestOutcomesOfEvents(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		event   fields
		outcome dostest.Outcome
		detail  string
	}{
		"applied":             {nil, dostest.Applied, ""},
		"distance selling":    {fields{"OrganisationSubType": "DistanceSelling"}, dostest.Applied, ""},
		"GP practice":         {fields{"OrganisationTypeId": "GPB"}, dostest.Rejected, "organisation type"},
		"sub type in small":   {fields{"OrganisationSubType": "community"}, dostest.Rejected, "sub type"},
		"type missing":        {fields{"OrganisationTypeId": absent}, dostest.Rejected, "schema"},
		"type a number":       {fields{"OrganisationTypeId": 7}, dostest.Rejected, "schema"},
		"four characters":     {fields{"ODSCode": "FA00"}, dostest.Rejected, "5 characters"},
		"six characters":      {fields{"ODSCode": "FA0012"}, dostest.Rejected, "5 characters"},
		"hidden":              {fields{"OrganisationStatus": "HIDDEN"}, dostest.Hidden, ""},
		"closed":              {fields{"OrganisationStatus": "Closed"}, dostest.Hidden, ""},
		"unknown code":        {fields{"ODSCode": "FZZZZ"}, dostest.Unmatched, ""},
		"inactive":            {fields{"ODSCode": "FA009"}, dostest.Unmatched, ""},
		"case of the code":    {fields{"ODSCode": "fa001"}, dostest.Unmatched, ""},
		"no wildcard":         {fields{"ODSCode": "FA00_"}, dostest.Unmatched, ""},
		"null status":         {fields{"OrganisationStatus": nil}, dostest.Crashed, "OrganisationStatus"},
		"no status":           {fields{"OrganisationStatus": absent}, dostest.Crashed, "OrganisationStatus"},
		"null postcode":       {fields{"Postcode": nil}, dostest.Crashed, "Postcode"},
		"null contacts":       {fields{"Contacts": nil}, dostest.Crashed, "Contacts"},
		"null opening times":  {fields{"OpeningTimes": nil}, dostest.Crashed, "OpeningTimes"},
		"null parent":         {fields{"ParentOrganisation": nil}, dostest.Crashed, "ParentOrganisation"},
		"a list for a text":   {fields{"City": []any{}}, dostest.Crashed, "City"},
		"unknown postcode":    {fields{"Postcode": "zz99zz"}, dostest.Applied, "address: unknown postcode"},
		"website with a port": {fields{"Contacts": []any{contact("Website", "http://x1.uk:80")}}, dostest.Applied, "website: not accepted"},
		"blank week":          {fields{"OpeningTimes": []any{weekly("Monday", "", "")}}, dostest.Applied, "weekly times: blank"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, dostest.Options{UnknownPostcodes: []string{"ZZ9 9ZZ"}})
			w.s.Seed("FA001")
			w.s.AddService(dostest.Service{ODSCode: "FA009", Status: dostest.StatusClosed})
			before := w.s.Services("")
			e := w.send(7, eventOf(t, c.event))
			require.Equal(t, c.outcome, e.Outcome, e.Detail)
			require.Contains(t, e.Detail, c.detail)
			require.Equal(t, int64(7), e.Sequence)
			require.Equal(t, "cid-7", e.Key)
			if c.outcome != dostest.Applied {
				require.Equal(t, before, w.s.Services(""), "nothing is written")
			}
		})
	}
}

func TestAnEventOverwritesTheServices(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	w.s.Seed("FA001")
	w.s.AddService(dostest.Service{ODSCode: "FA001M06", Type: dostest.TypeEnhanced})
	w.s.AddService(dostest.Service{ODSCode: "FA001", Type: 100, Phone: "1"})
	w.send(1, eventOf(t, fields{
		"Address1": "UNIT 7, O'NEILL'S MARKET", "Address2": "3RD FLOOR & ATTIC", "County": "WEST YORKSHIRE", "Postcode": "ls11aa",
		"OpeningTimes": []any{
			weekly("friday", "00:00", "23:59"), weekly("MONDAY", "14:00", "17:30"), weekly("Monday", "9:00", "13:00:00"),
			weekly("Sunday", "", ""),
			dated("Dec 25 2026", "", ""), dated("Dec 24 2026", "10:00", "16:00"),
			dated("Nov 2 2026", "10:00", "11:00"), dated("Nov 01 2026", "", ""),
		},
	}))
	first := w.service("FA001")
	require.Equal(t, "Unit 7, OneillS Market$3Rd Floor and Attic$Leeds$West Yorkshire", first.Address)
	require.Equal(t, "LS1 1AA", first.Postcode)
	require.Equal(t, "01132000000", first.Phone)
	require.Equal(t, "https://www.example.co.uk/Leeds", first.Web)
	require.Equal(t, "mon 09:00-13:00\nmon 14:00-17:30\nfri 00:00-23:59", first.Weekly)
	require.Equal(t, "2026-11-02 10:00-11:00\n2026-12-24 10:00-16:00\n2026-12-25 closed", first.Specified,
		"today stays, past days are dropped")
	require.Equal(t, first.Weekly, w.service("FA001M06").Weekly, "all matching services get the same")
	require.Equal(t, "1", w.s.Services("FA001")[2].Phone, "other types do not match")

	w.send(2, eventOf(t, fields{"Contacts": []any{}, "OpeningTimes": []any{}}))
	second := w.service("FA001")
	require.Empty(t, second.Phone, "an absent phone overwrites")
	require.Empty(t, second.Web)
	require.Empty(t, second.Specified, "no dates delete all dates")
	require.Equal(t, first.Weekly, second.Weekly, "a blank week changes nothing")
}

func TestUnknownPostcodesKeepTheOldAddress(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{UnknownPostcodes: []string{"ZZ9 9ZZ"}})
	w.s.AddService(dostest.Service{ODSCode: "FA001", Address: "Old", Postcode: "LS1 1AA"})
	w.send(1, eventOf(t, fields{"Postcode": "ZZ9 9ZZ"}))
	require.Equal(t, "Old", w.service("FA001").Address)
	require.Equal(t, "01132000000", w.service("FA001").Phone, "the rest is applied")
}

func TestIllogicalTimesAreNotApplied(t *testing.T) {
	t.Parallel()
	cases := map[string][]any{
		"ends before it starts":   {weekly("Monday", "22:00", "02:00")},
		"no length":               {weekly("Monday", "00:00", "00:00")},
		"24:00":                   {weekly("Monday", "00:00", "24:00")},
		"overlap":                 {weekly("Monday", "09:00", "13:00"), weekly("Monday", "12:00", "17:00")},
		"touching":                {weekly("Monday", "13:00", "17:00"), weekly("Monday", "09:00", "13:00")},
		"open and closed":         {weekly("Monday", "09:00", "13:00"), weekly("Monday", "", "")},
		"a bad date spoils all":   {weekly("Monday", "09:00", "13:00"), dated("2026-12-25", "", "")},
		"long month":              {dated("January 1 2030", "", "")},
		"day first":               {dated("01 Jan 2030", "", "")},
		"date open and closed":    {dated("Dec 25 2026", "", ""), dated("Dec 25 2026", "09:00", "10:00")},
		"past dates count too":    {dated("Dec 25 2020", "11:00", "10:00")},
		"bank holiday as weekday": {weekly("BankHoliday", "09:00", "13:00")},
		"type":                    {fields{"OpeningTimeType": "Surgery", "Weekday": "Monday", "IsOpen": false}},
		"IsOpen a text":           {general(fields{"IsOpen": "true", "OpeningTime": "09:00", "ClosingTime": "10:00"})},
		"IsOpen missing":          {general(fields{})},
		"closed with times":       {general(fields{"IsOpen": false, "OpeningTime": "09:00"})},
		"weekday with a date":     {general(fields{"IsOpen": false, "AdditionalOpeningDate": "Dec 25 2026"})},
		"open, no times":          {general(fields{"IsOpen": true})},
	}
	for name, rows := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, dostest.Options{})
			w.s.AddService(dostest.Service{ODSCode: "FA001", Weekly: "tue 09:00-10:00", Specified: "2026-12-31 closed"})
			e := w.send(1, eventOf(t, fields{"OpeningTimes": rows}))
			require.Equal(t, dostest.Applied, e.Outcome)
			require.Contains(t, e.Detail, "opening times: ")
			got := w.service("FA001")
			require.Equal(t, "tue 09:00-10:00", got.Weekly)
			require.Equal(t, "2026-12-31 closed", got.Specified)
			require.Equal(t, "01132000000", got.Phone, "the rest is applied")
		})
	}
}

func TestTwoSpellingsOfADateEscapeTheCheck(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	w.s.Seed("FA001")
	w.send(1, eventOf(t, fields{"OpeningTimes": []any{dated("Jan 1 2030", "09:00", "12:00"), dated("Jan 01 2030", "10:00", "11:00")}}))
	require.Equal(t, "2030-01-01 09:00-12:00\n2030-01-01 10:00-11:00", w.service("FA001").Specified)
}

func TestCommissionedServices(t *testing.T) {
	t.Parallel()
	const offered = "SRV0559 SRV0560 SRV2000"
	cases := map[string]struct {
		services, uec     any
		statusBefore      int
		wantStatus        int
		palliative, wantP bool
		zCode             bool // whether the services have it afterwards
	}{
		"offered opens": {
			services: services(strings.Fields(offered)...), uec: services("SRV0559"),
			statusBefore: 3, wantStatus: 1, wantP: true, zCode: true,
		},
		"withdrawn closes":       {services: services(), uec: services(), statusBefore: 1, wantStatus: 2, palliative: true},
		"not offered stays away": {services: services(), uec: services(), statusBefore: 3, wantStatus: 3},
		"null closes but one":    {statusBefore: 1, wantStatus: 2, palliative: true, wantP: true},
		"missing closes all":     {services: absent, uec: absent, statusBefore: 1, wantStatus: 2, palliative: true},
		"without a code is nothing": {
			services: []any{fields{"ServiceName": "x"}}, uec: []any{fields{"ServiceName": "x"}},
			statusBefore: 1, wantStatus: 2, palliative: true,
		},
		"closed opens again": {
			services: services("SRV2000", "SRV0560"), uec: services(),
			statusBefore: 2, wantStatus: 1, zCode: true,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, dostest.Options{})
			main := dostest.Service{ODSCode: "FA001"}
			if c.palliative {
				main.ZCodes = []string{dostest.PalliativeZCode}
			}
			w.s.AddService(main)
			w.s.AddService(dostest.Service{ODSCode: "FA001BPS", Type: dostest.TypePressure, Status: c.statusBefore})
			w.s.AddService(dostest.Service{ODSCode: "FA001CON", Type: dostest.TypeContraception, Status: c.statusBefore})
			w.send(1, eventOf(t, fields{"Services": c.services, "UecServices": c.uec}))
			require.Equal(t, c.wantStatus, w.service("FA001BPS").Status)
			require.Equal(t, c.wantStatus, w.service("FA001CON").Status)
			require.Equal(t, c.zCode, len(w.service("FA001BPS").ZCodes) == 1)
			require.Equal(t, c.wantP, len(w.service("FA001").ZCodes) == 1)
			if c.wantStatus == dostest.StatusCommissioning {
				require.Empty(t, w.service("FA001BPS").Phone, "dropped from the match")
			}
		})
	}
}

func TestAnOfferWithoutAnActiveServiceIsUnmatched(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	w.s.AddService(dostest.Service{ODSCode: "FA001", Status: dostest.StatusClosed})
	w.s.AddService(dostest.Service{ODSCode: "FA001BPS", Type: dostest.TypePressure, Status: dostest.StatusCommissioning})
	require.Equal(t, dostest.Unmatched, w.send(1, eventOf(t, fields{"Services": services("SRV0560")})).Outcome)
	require.Equal(t, dostest.StatusCommissioning, w.service("FA001BPS").Status)
}

func TestSequenceNumbersOnlyRise(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	w.s.Seed("FA001", "FA002")
	named := func(name string) string { return eventOf(t, fields{"UniqueKey": name}) }
	require.Equal(t, dostest.Applied, w.send(5, named("a")).Outcome)
	require.Equal(t, dostest.Stale, w.send(4, named("b")).Outcome)
	require.Equal(t, dostest.Applied, w.send(5, named("c")).Outcome, "an equal number is accepted")
	require.Equal(t, dostest.Stale, w.send(-1, named("d")).Outcome)
	require.Equal(t, dostest.Applied, w.send(4, eventOf(t, fields{"ODSCode": "FA002"})).Outcome, "each code has its own")
	sum := w.s.Summary()
	require.Equal(t, 2, sum.Backwards)
	require.Equal(t, 1, sum.Twice)
	require.Equal(t, 2, sum.Codes)
	require.Equal(t, map[dostest.Outcome]int{dostest.Applied: 3, dostest.Stale: 2}, sum.Effects)
	require.Equal(t, map[string]int{"200": 5}, sum.Requests)
}

func TestSequenceNumbersOfRefusedEventsAreStoredAsInDoS(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	w.s.Seed("FA001")
	require.Equal(t, dostest.Rejected, w.send(9, eventOf(t, fields{"OrganisationTypeId": "DEN"})).Outcome)
	require.Equal(t, dostest.Applied, w.send(8, eventOf(t, nil)).Outcome, "a rejected event was never stored")
	require.Equal(t, dostest.Hidden, w.send(9, eventOf(t, fields{"OrganisationStatus": "Hidden"})).Outcome)
	require.Equal(t, dostest.Stale, w.send(8, eventOf(t, fields{"UniqueKey": "x"})).Outcome, "the number of a hidden one was stored")
}

func TestIdenticalBodiesAreDroppedForFiveMinutes(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{})
	w.s.Seed("FA001", "FA002")
	a, b := eventOf(t, fields{"City": "A"}), eventOf(t, fields{"City": "B"})
	require.Equal(t, dostest.Applied, w.send(1, a).Outcome)
	require.Equal(t, dostest.Applied, w.send(2, b).Outcome)
	w.advance(4*time.Minute + 59*time.Second)
	require.Equal(t, dostest.Duplicate, w.send(3, a).Outcome, "A to B to A loses the last")
	require.Equal(t, "1 High Street$B", w.service("FA001").Address)
	require.Equal(t, dostest.Applied, w.send(1, strings.ReplaceAll(a, "FA001", "FA002")).Outcome)
	w.advance(time.Second)
	require.Equal(t, dostest.Applied, w.send(4, a).Outcome, "the window began with the first")
	require.Equal(t, "1 High Street$A", w.service("FA001").Address)
	require.Equal(t, 1, w.s.Summary().Effects[dostest.Duplicate])
	require.Equal(t, 0, w.s.Summary().Backwards)
}

func TestTheQueueWaitsAndDrains(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{Delay: time.Hour})
	w.s.Seed("FA001")
	for i := range int64(3) {
		require.Equal(t, 200, w.post(i, eventOf(t, fields{"UniqueKey": i})).status)
	}
	require.Empty(t, w.s.Effects("FA001"))
	require.Equal(t, http.StatusNoContent, w.do(http.MethodPost, "/control/drain", "").status)
	effects := w.s.Effects("FA001")
	require.Len(t, effects, 3)
	require.Equal(t, int64(2), effects[2].Sequence)
	require.Equal(t, http.StatusNoContent, w.do(http.MethodGet, "/control/settled", "").status)
	require.NoError(t, w.s.Drain(t.Context()), "an empty queue too")
}

func TestAShortDelayIsKept(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{Delay: 20 * time.Millisecond})
	w.s.Seed("FA001")
	before := time.Now()
	require.Equal(t, dostest.Applied, w.send(1, eventOf(t, nil)).Outcome)
	require.GreaterOrEqual(t, time.Since(before), 20*time.Millisecond)
}

func TestManySendersAtOnce(t *testing.T) {
	t.Parallel()
	w := start(t, dostest.Options{Variants: true})
	codes := []string{"FA001", "FA002", "FA003", "FA004"}
	w.s.Seed(codes...)
	var group sync.WaitGroup
	for _, code := range codes {
		group.Go(func() {
			for i := range int64(50) {
				w.post(i, eventOf(t, fields{"ODSCode": code, "UniqueKey": i}))
				w.s.Change(code, func(s *dostest.Service) { s.Phone = "1" })
				w.s.Summary()
			}
		})
	}
	group.Wait()
	require.NoError(t, w.s.AwaitEmptyQueue(t.Context()))
	for _, state := range w.s.States() {
		require.Equal(t, dostest.State{Code: state.Code, At: state.At, Sequence: 49, Key: "cid-49", Body: state.Body, Applied: 50}, state)
	}
	require.Equal(t, 4, w.s.Summary().Codes)
	require.Zero(t, w.s.Summary().Backwards)
	require.Zero(t, w.s.Summary().Twice)
}

func TestRealEventsPass(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"STANDARD_EVENT.json", "base_change_event.json", "change_event.json"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := sample(t, name)
			w := start(t, dostest.Options{})
			w.s.Seed(codeIn(t, body))
			e := w.send(1, body)
			require.Equal(t, dostest.Applied, e.Outcome, e.Detail)
			require.NotEmpty(t, w.service(e.Code).Postcode)
		})
	}
}
