package qualityjobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos"
	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
	"github.com/profilesync/profilesync/connectors/website"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
	"github.com/profilesync/profilesync/jobs/qualityjobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/quality"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// estate is a generated estate in both sinks and in the database.
type estate struct {
	*pgtest.Database

	store *qualitystore.Store
	dos   *dostest.Server
	site  *website.Sink
	check *qualityjobs.Checker
	log   *lines
}

const today = "2027-09-08"

func newEstate(t *testing.T) *estate {
	t.Helper()
	e := &estate{Database: pgtest.New(t), log: &lines{}}
	e.store = qualitystore.New(e.DB)
	var address, siteAddress string
	e.dos, address = dostest.Start(t, dostest.Options{})
	_, siteAddress = websitetest.Start(t, websitetest.Options{})
	secret := func() (string, error) { return "hush", nil }
	options := dos.Options{
		Events: dos.EventOptions{URL: address, Key: secret}, Read: dos.ReadOptions{URL: address, User: "reader", Password: secret},
	}
	options.Read.Limits.PerSecond, options.Read.Limits.Attempts = 100_000, 1
	sink, err := dos.New(options)
	require.NoError(t, err)
	toSite := website.Options{URL: siteAddress, SearchURL: siteAddress + websitetest.SearchPath}
	toSite.Limits.PerSecond = 100_000
	e.site, err = website.New(toSite)
	require.NoError(t, err)
	day, err := profile.ParseDate(today)
	require.NoError(t, err)
	e.check = &qualityjobs.Checker{
		Estate: sink, Pushes: pushstore.New(e.DB), Today: func() profile.Date { return day }, Progress: func(int) {},
		Log: slog.New(slog.NewTextHandler(e.log, nil)),
		Website: func(ctx context.Context, codes []profile.ODSCode) ([]push.Shown, error) {
			return e.site.ShowMany(ctx, codes, profile.Pharmacy)
		},
		Begin: func(ctx context.Context, codes []profile.ODSCode, actor string) (qualityjobs.Check, error) {
			return e.store.Begin(ctx, codes, actor)
		},
	}
	return e
}

// lines counts what is logged.
type lines struct {
	mu   sync.Mutex
	text []string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, string(p))
	return len(p), nil
}

const (
	weekly = "mon 09:00-17:30\ntue 09:00-17:30"
	phone  = "0113 496 0000"
)

// add adds a pharmacy that all agree on. Unstated fields are those that nobody stated,
// though both sinks show them.
func (e *estate) add(code string, isPhoneStated bool) {
	e.Helper()
	var v profile.Values
	for f, value := range map[profile.Field]string{
		profile.FieldName: "Pharmacy " + code, profile.FieldType: "pharmacy", profile.FieldStatus: "open", profile.FieldHidden: "false",
		profile.FieldAddress: "1 High Street\nLeeds", profile.FieldPostcode: "LS1 1AA", profile.FieldPhone: phone,
		profile.FieldWebsite: "https://pharmacy.example.nhs.uk", profile.FieldOpeningTimes: weekly,
		profile.FieldServices: "SRV0559 Palliative care\nSRV0560 Blood pressure\nSRV2000 Contraception",
	} {
		v.Set(f, value)
	}
	_, err := e.site.Push(e.Context(), push.Delivery{
		Code: profile.ODSCode(code), Type: profile.Pharmacy, Sequence: 1, Key: "key-" + code, Values: v,
	})
	require.NoError(e, err)
	if !isPhoneStated {
		v.Set(profile.FieldPhone, "")
	}
	e.Exec(`insert into profile (code, name, type, address, postcode, status, phone, website)
		values ($1, $2, 'pharmacy', '{1 High Street,Leeds}', $3, 'open', $4, $5)`, code, v.Get(profile.FieldName), v.Get(profile.FieldPostcode),
		v.Get(profile.FieldPhone), v.Get(profile.FieldWebsite))
	e.Exec(`insert into opening_period (code, day, opens, closes) values ($1, 'mon', '09:00', '17:30'), ($1, 'tue', '09:00', '17:30')`, code)
	e.Exec(`insert into service (code, source, nhs_code, name) values ($1, 'editor', 'SRV0559', 'Palliative care'),
		($1, 'editor', 'SRV0560', 'Blood pressure'), ($1, 'editor', 'SRV2000', 'Contraception')`, code)
	e.Exec(`insert into push (code, sink, route, state, accepted_at, sequence, sent, sent_own, accepted_own, accepted_sequence)
		values ($1, 'dos', 'change-event', 'accepted', now() - interval '1 hour', 1, $2, '\x0102030405060708090a0b0c0d0e0f10',
		'\x0102030405060708090a0b0c0d0e0f10', 1)`, code, v)
	service := dostest.Service{
		Name: "Pharmacy " + code, ODSCode: code, Type: 13, Address: "1 High Street$Leeds", Postcode: "LS1 1AA", Phone: "01134960000",
		Web: "https://pharmacy.example.nhs.uk", Weekly: weekly, ZCodes: []string{"360=14167"},
	}
	e.dos.AddService(service)
	for suffix, derived := range map[string]struct {
		kind   int
		zCodes []string
	}{"BPS": {148, []string{"360=14207"}}, "CON": {149, []string{"360=14210"}}, "M06": {132, nil}, "M07": {132, nil}} {
		service.ODSCode, service.Type, service.ZCodes = code+suffix, derived.kind, derived.zCodes
		e.dos.AddService(service)
	}
}

// change changes the services of some types of a pharmacy behind our back.
func (e *estate) change(code string, change func(*dostest.Service), types ...int) {
	e.Helper()
	changed := 0
	e.dos.Change(code, func(s *dostest.Service) {
		if slices.Contains(types, s.Type) {
			change(s)
			changed++
		}
	})
	require.Positive(e, changed)
}

// ways are, for each check, how its finding is planted in a pharmacy, and mended.
var ways = map[quality.Kind]struct {
	plant, mend func(e *estate, code string, i int)
}{
	quality.InvalidHours: {
		func(e *estate, code string, _ int) { // a row from before such rows were refused
			e.Exec("alter table opening_period disable trigger user, drop constraint if exists opening_period_to_the_minute")
			e.Exec("insert into opening_period (code, day, opens, closes) values ($1, 'sun', '24:00', '09:00')", code)
			e.Exec("alter table opening_period enable trigger user")
		},
		func(e *estate, code string, _ int) {
			e.Exec("delete from opening_period where code = $1 and day = 'sun'", code)
		},
	},
	quality.OverlappingHours: {
		func(e *estate, code string, _ int) {
			e.Exec("insert into opening_period (code, day, opens, closes) values ($1, 'mon', '12:00', '18:00')", code)
		},
		func(e *estate, code string, _ int) {
			e.Exec("delete from opening_period where code = $1 and opens = '12:00'", code)
		},
	},
	quality.NoDoSPlace: {
		func(e *estate, code string, i int) {
			e.change(code, func(s *dostest.Service) { s.Status = 5 }, 148+i%2)
		},
		func(e *estate, code string, i int) {
			e.change(code, func(s *dostest.Service) { s.Status = 3 }, 148+i%2)
		},
	},
	quality.MissingServiceType: {
		func(e *estate, code string, _ int) { e.change(code, func(s *dostest.Service) { s.Status = 2 }, 13) },
		func(e *estate, code string, _ int) { e.change(code, func(s *dostest.Service) { s.Status = 1 }, 13) },
	},
	quality.DuplicateServiceType: {
		func(e *estate, code string, _ int) {
			e.dos.AddService(dostest.Service{
				ODSCode: code + "BP2", Type: 148, Postcode: "LS1 1AA", Phone: "01134960000",
				Web: "https://pharmacy.example.nhs.uk",
			})
		},
		func(e *estate, code string, _ int) {
			e.change(code, func(s *dostest.Service) {
				if strings.HasSuffix(s.ODSCode, "BP2") {
					s.Status = 2
				}
			}, 148)
		},
	},
	quality.GenericBankHoliday: {
		func(e *estate, code string, _ int) {
			e.change(code, func(s *dostest.Service) { s.BankHoliday = "10:00-16:00" }, 148)
		},
		func(e *estate, code string, _ int) {
			e.change(code, func(s *dostest.Service) { s.BankHoliday = "" }, 148)
		},
	},
	quality.OpenAllHours: {
		func(e *estate, code string, _ int) {
			e.change(code, func(s *dostest.Service) { s.OpenAllHours = true }, 13)
		},
		func(e *estate, code string, _ int) {
			e.change(code, func(s *dostest.Service) { s.OpenAllHours = false }, 13)
		},
	},
	quality.GoneButActive: {
		func(e *estate, code string, i int) {
			e.change(code, func(s *dostest.Service) { s.Status = 2 }, 132, 148, 149)
			e.Exec("update profile set status = $2, hidden = $3 where code = $1", code, []string{"closed", "open"}[i%2], i%2 == 1)
		},
		func(e *estate, code string, _ int) { e.change(code, func(s *dostest.Service) { s.Status = 2 }, 13) },
	},
	quality.InvalidDoSHours: {
		func(e *estate, code string, i int) {
			e.change(code, func(s *dostest.Service) { s.Weekly = []string{"mon 17:00-09:00", "mon 25:00-26:00"}[i%2] }, 149)
		},
		func(e *estate, code string, _ int) {
			e.change(code, func(s *dostest.Service) { s.Weekly = weekly }, 149)
		},
	},
	quality.OverlappingDoSHours: {
		func(e *estate, code string, _ int) {
			e.change(code, func(s *dostest.Service) { s.Specified = "2027-12-24 09:00-13:00\n2027-12-24 12:00-14:00" }, 13)
		},
		func(e *estate, code string, _ int) { e.change(code, func(s *dostest.Service) { s.Specified = "" }, 13) },
	},
	quality.PostcodeUnknown: {
		func(e *estate, code string, _ int) {
			e.change(code, func(s *dostest.Service) { s.Postcode = "LS9 9ZZ" }, 13, 132, 148, 149)
		},
		func(e *estate, code string, _ int) {
			e.change(code, func(s *dostest.Service) { s.Postcode = "LS1 1AA" }, 13, 132, 148, 149)
		},
	},
	quality.Contradiction: {
		func(e *estate, code string, _ int) {
			e.change(code, func(s *dostest.Service) { s.Phone = "0113 496 9999" }, 13)
		},
		func(e *estate, code string, _ int) {
			e.Exec("update profile set phone = $2 where code = $1", code, phone)
		}, // it is stated
	},
	quality.WrongZCode: {
		func(e *estate, code string, i int) {
			e.dos.AddService(dostest.Service{
				ODSCode: code + "M08", Type: []int{131, 137}[i%2], Postcode: "LS1 1AA", ZCodes: []string{[]string{"360=14207", "360=14167"}[i%2]},
				Phone: "01134960000", Web: "https://pharmacy.example.nhs.uk",
			})
		},
		func(e *estate, code string, _ int) {
			e.change(code, func(s *dostest.Service) { s.ZCodes = nil }, 131, 137)
		},
	},
}

// runs makes a check of the whole estate.
func (e *estate) runs() quality.Result {
	e.Helper()
	result, err := e.check.Check(e.Context(), nil, "jo")
	require.NoError(e, err)
	require.Equal(e, quality.Done, result.State, result.Reason)
	result.Check = 0
	return result
}

// lasting lists the findings that last, as kind and code, sorted.
func (e *estate) lasting() []string {
	e.Helper()
	list, err := e.store.Findings(e.Context(), qualitystore.Filter{Most: 10_000})
	require.NoError(e, err)
	found := make([]string, len(list))
	for i, f := range list {
		found[i] = string(f.Kind) + " " + f.Code.String()
	}
	slices.Sort(found)
	return found
}

// Thirty of each are planted: exactly those are found, each once, and each is gone when
// it is mended.
func TestExactlyWhatIsPlantedIsFound(t *testing.T) {
	t.Parallel()
	const clean, each = 60, 30
	e := newEstate(t)
	n := 0
	next := func(isPhoneStated bool) string {
		n++
		code := fmt.Sprintf("F%04d", n)
		e.add(code, isPhoneStated)
		return code
	}
	for range clean {
		next(n%2 == 0)
	}
	checked := clean + each*len(ways)
	require.Len(t, ways, len(quality.Kinds()))
	planted := map[quality.Kind][]string{}
	for _, kind := range quality.Kinds() {
		for range each {
			planted[kind] = append(planted[kind], next(kind != quality.Contradiction))
		}
	}
	require.Equal(t, quality.Result{State: quality.Done, Checked: checked}, e.runs(), "nothing is planted yet")

	var want []string
	for kind, codes := range planted {
		for i, code := range codes {
			ways[kind].plant(e, code, i)
			want = append(want, string(kind)+" "+code)
		}
	}
	slices.Sort(want)
	require.Equal(t, quality.Result{State: quality.Done, Checked: checked, Open: len(want), New: len(want)}, e.runs())
	require.Equal(t, want, e.lasting())
	require.Len(t, e.log.text, len(want), "each is logged once")
	for _, line := range e.log.text {
		require.NotRegexp(t, "0113 ?496", line, "without what is shown")
	}
	require.Equal(t, quality.Result{State: quality.Done, Checked: checked, Open: len(want)}, e.runs(), "a second run finds nothing new")
	require.Len(t, e.log.text, len(want))

	poison := planted[quality.OpenAllHours][0]
	require.NoError(t, e.dos.Stand(dostest.Fault{Names: []dostest.FaultName{"error-500"}, IDs: []string{poison}}))
	for kind, codes := range planted {
		for i, code := range codes {
			ways[kind].mend(e, code, i)
		}
	}
	require.Equal(t, quality.Result{State: quality.Done, Checked: checked, Unreadable: 1, Open: 1, Gone: len(want) - 1}, e.runs())
	require.Equal(t, []string{"open-all-hours " + poison}, e.lasting(), "one that cannot be read keeps its findings, and stops no other")
	e.dos.Heal()
	require.Equal(t, quality.Result{State: quality.Done, Checked: checked, Gone: 1}, e.runs())
	require.Empty(t, e.lasting())
	require.Len(t, e.log.text, len(want))
}

func TestACheckThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	for i := range 12 {
		e.add(fmt.Sprintf("F%04d", i), false)
		e.change(fmt.Sprintf("F%04d", i), func(s *dostest.Service) { s.Phone = "0113 496 9999" }, 13)
	}
	require.Equal(t, quality.Result{State: quality.Done, Checked: 12, Open: 12, New: 12}, e.runs())
	found := e.lasting()
	for i := range 12 {
		e.change(fmt.Sprintf("F%04d", i), func(s *dostest.Service) { s.Phone = phone }, 13)
	}

	whole := e.check.Website
	e.check.Website = func(context.Context, []profile.ODSCode) ([]push.Shown, error) {
		return nil, errors.New("the website is away")
	}
	require.Equal(t, quality.Result{
		State: quality.Done, Checked: 12, Open: 12,
		Reason: "the website could not be read for 12 pharmacies, whose contradictions stay as they were: the website is away",
	}, e.runs())
	e.check.Website = whole
	require.NoError(t, e.dos.Stand(dostest.Fault{Names: []dostest.FaultName{"unauthorized"}}))
	result, err := e.check.Check(t.Context(), nil, "jo")
	require.ErrorContains(t, err, "unauthorized")
	require.Equal(t, quality.Failed, result.State)
	require.Equal(t, found, e.lasting())
	e.dos.Heal()

	estate := e.check.Estate
	e.check.Estate = empty{}
	result, err = e.check.Check(t.Context(), nil, "jo")
	require.NoError(t, err)
	require.Equal(t, quality.Alarm, result.State)
	require.Equal(t, "DoS shows no service of 12 of 12 pharmacies: nothing is stored until a person has looked", result.Reason)
	require.Equal(t, found, e.lasting())
	e.check.Estate = estate
	e.check.Website = func(ctx context.Context, codes []profile.ODSCode) ([]push.Shown, error) {
		shown, err := whole(ctx, codes)
		shown[0].Unreadable = []push.Unreadable{{Code: shown[0].Code, Part: "opening-times", Reason: "a row makes no sense"}}
		return shown[:11], err
	}
	require.Equal(t, quality.Result{
		State: quality.Done, Checked: 12, Open: 2, Gone: 10,
		Reason: "the website could not be read for 1 pharmacies, whose contradictions stay as they were: opening-times: a row makes no sense",
	}, e.runs(), "of one a part makes no sense, of another nothing was said")
	e.check.Website = whole
	require.Equal(t, 2, e.runs().Gone)
}

// empty is a DoS without services.
type empty struct{}

func (empty) CheckQuality(_ context.Context, facts []quality.Facts) ([]quality.Checked, error) {
	all := make([]quality.Checked, len(facts))
	for i, f := range facts {
		all[i] = quality.Checked{Code: f.Code(), Expected: true}
	}
	return all, nil
}
