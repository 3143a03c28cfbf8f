package estate

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/internal/ids"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/quality"
)

const week = "mon 09:00-17:30\ntue 09:00-17:30"

// facts are those of a pharmacy that states all, which the website shows.
func facts() quality.Facts {
	var v profile.Values
	for f, value := range map[profile.Field]string{
		profile.FieldName: "Kirkham Pharmacy", profile.FieldPostcode: "PR4 2BE", profile.FieldStatus: "open",
		profile.FieldPhone: "01772 000 000", profile.FieldWebsite: "https://example.nhs.uk", profile.FieldOpeningTimes: week,
		profile.FieldServices: "SRV0559 Palliative care\nSRV0560 Blood pressure",
	} {
		v.Set(f, value)
	}
	site := v
	return quality.Facts{
		Desired:  push.DesiredState{Profile: profile.Profile{Code: "FZZ99", Values: v}, Today: profile.NewDate(2027, 9, 8)},
		Accepted: v, Website: &site,
	}
}

// services are what DoS has if all is well.
func services() []Service {
	var v profile.Values
	for f, value := range map[profile.Field]string{
		profile.FieldPostcode: "PR4 2BE", profile.FieldPhone: "01772000000", profile.FieldWebsite: "https://example.nhs.uk",
		profile.FieldOpeningTimes: week,
	} {
		v.Set(f, value)
	}
	return []Service{
		{ID: 1, Name: "Kirkham", ODSCode: "FZZ99", Type: 13, Status: 1, Weekly: week, CodePairs: []string{ids.PairPalliativeCare}, Values: v},
		{ID: 2, ODSCode: "FZZ99M06", Type: 132, Status: 1, Weekly: week, Values: v},
		{ID: 3, ODSCode: "FZZ99M07", Type: 132, Status: 1, Weekly: week, Values: v},
		{ID: 4, ODSCode: "FZZ99BPS", Type: 148, Status: 1, Weekly: "mon 09:00-12:00", CodePairs: []string{ids.PairPressure}, Values: v},
		{ID: 5, ODSCode: "FZZ99CON", Type: 149, Status: 2, Values: v},
		{ID: 6, ODSCode: "FZZ99", Type: 100, Status: 1, OpenAllHours: true},
		{ID: 7, ODSCode: "FZZ98", Type: 13, Status: 1, OpenAllHours: true},
	}
}

// world is what a check compares.
type world struct {
	facts    quality.Facts
	services []Service
}

func (w *world) set(f profile.Field, value string)    { w.facts.Desired.Profile.Values.Set(f, value) }
func (w *world) shows(f profile.Field, value string)  { w.services[0].Values.Set(f, value) }
func (w *world) everyService(change func(s *Service)) { forEach(w.services, change) }

func forEach(services []Service, change func(s *Service)) {
	for i := range services {
		change(&services[i])
	}
}

// unstate makes a field one that nobody stated.
func (w *world) unstate(f profile.Field) { w.facts.Desired.Profile.Values.Forget(f) }

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(w *world)
		want   []string // kind | service | about | detail
	}{
		"all is well": {func(*world) {}, nil},
		"no place": {
			func(w *world) { w.services[3].Status = 4 },
			[]string{"no-dos-place||SRV0560|NHS blood pressure check service is offered, and DoS has no service of type 148 " +
				"(blood pressure check) under this code"},
		},
		"a place that is not open yet": {func(w *world) { w.services[3].Status = 3 }, nil},
		"no place for palliative care": {
			func(w *world) { w.services[0].ODSCode, w.services[0].CodePairs = "FZZ99X", nil },
			[]string{"no-dos-place||SRV0559|Pharmacy palliative care medication stockholder is offered, and DoS has no active service of " +
				"type 13 (community pharmacy) under the code without a suffix"},
		},
		"the pharmacy is missing": {
			func(w *world) { w.services[0].Status = 2 },
			[]string{"missing-service-type||type 13|DoS has no active service of type 13 (community pharmacy), and service 2 (type 132), " +
				"service 3 (type 132), service 4 (type 148) under this code"},
		},
		"all is missing": {
			func(w *world) { w.services = w.services[5:] },
			[]string{
				"missing-service-type||type 13|DoS has no active service of type 13 (community pharmacy), and no other service under this code",
				"no-dos-place||SRV0560|NHS blood pressure check service is offered, and DoS has no service of type 148 " +
					"(blood pressure check) under this code",
			},
		},
		"a distance seller": {
			func(w *world) { w.set(profile.FieldServices, "EPS0004 Distance selling") },
			[]string{"missing-service-type||type 134|DoS has no active service of type 134 (distance-selling pharmacy), and " +
				"service 1 (type 13), service 2 (type 132), service 3 (type 132), service 4 (type 148) under this code"},
		},
		"a distance seller, with palliative care": {func(w *world) {
			w.set(profile.FieldServices, "EPS0004 Distance selling")
			w.services[0].Type = 134
		}, nil},
		"nobody stated what it is": {func(w *world) {
			w.unstate(profile.FieldServices)
			w.services[0].Type = 134
		}, nil},
		"duplicates": {
			func(w *world) { w.services[2].Type, w.services[4].Type, w.services[4].Status = 13, 148, 1 },
			[]string{
				"duplicate-service-type||type 13|2 services of type 13 (community pharmacy) are active: service 1 (type 13), service 3 (type 13)",
				"duplicate-service-type||type 148|2 services of type 148 (blood pressure check) are active: " +
					"service 4 (type 148), service 5 (type 148)",
			},
		},
		"bank holidays": {
			func(w *world) { w.services[1].BankHoliday, w.services[4].BankHoliday = "10:00-16:00", "10:00-16:00" },
			[]string{"generic-bank-holiday|service 2 (type 132)||hours for bank holidays in general: 10:00-16:00"},
		},
		"open all hours": {
			func(w *world) { w.services[0].OpenAllHours = true },
			[]string{"open-all-hours|service 1 (type 13)||marked open all hours, and the weekly hours are mon 09:00-17:30, tue 09:00-17:30"},
		},
		"open all hours, as it is": {func(w *world) {
			days := []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
			w.set(profile.FieldOpeningTimes, strings.Join(days, " 00:00-00:00\n")+" 00:00-00:00")
			w.services[0].OpenAllHours = true
		}, nil},
		"closed": {
			func(w *world) {
				w.set(profile.FieldStatus, "closed")
				w.everyService(func(s *Service) { s.OpenAllHours = true })
				w.services[1].Status, w.services[2].Status = 2, 2
			},
			[]string{
				"gone-but-active|service 1 (type 13)||the profile is closed, and the service Kirkham is active",
				"gone-but-active|service 4 (type 148)||the profile is closed, and the service  is active",
			},
		},
		"hidden": {
			func(w *world) {
				w.set(profile.FieldHidden, "true")
				w.services = w.services[:1]
			},
			[]string{"gone-but-active|service 1 (type 13)||the profile is hidden, and the service Kirkham is active"},
		},
		"invalid hours of DoS": {
			func(w *world) {
				w.services[0].Weekly = "mon 09:00-17:30\ntue 09:00-\nwed 22:00-02:00\nthu 09:00-09:00"
				w.services[1].Dated = "2027-12-25 closed\n2027-13-25 closed\n2027-01-01 22:00-02:00"
			},
			[]string{
				`invalid-dos-hours|service 1 (type 13)|opening-times|"wed 22:00-02:00"; "tue 09:00-"; "thu 09:00-09:00"`,
				`invalid-dos-hours|service 2 (type 132)|dated-opening-times|"2027-13-25 closed"`,
			},
		},
		"overlapping hours of DoS": {
			func(w *world) {
				w.services[0].Weekly = "mon 09:00-13:00\nmon 12:00-17:30\ntue 09:00-13:00\ntue 13:00-17:30"
				w.services[0].Dated = "2027-12-24 09:00-13:00\n2027-12-24 12:00-14:00\n2027-01-01 09:00-13:00\n2027-01-01 12:00-14:00"
			},
			[]string{
				`overlapping-dos-hours|service 1 (type 13)|dated-opening-times|"2027-12-24 12:00-14:00" overlaps "2027-12-24 09:00-13:00"`,
				`overlapping-dos-hours|service 1 (type 13)|opening-times|"mon 12:00-17:30" overlaps "mon 09:00-13:00"`,
			},
		},
		"a postcode that DoS does not take": {
			func(w *world) { w.everyService(func(s *Service) { s.Values.Set(profile.FieldPostcode, "LS1 1AA") }) },
			[]string{"postcode-unknown||PR4 2BE|DoS accepted the postcode PR4 2BE and still shows LS1 1AA"},
		},
		"a postcode that one service lacks": {func(w *world) { w.shows(profile.FieldPostcode, "LS1 1AA") }, nil},
		"a postcode that DoS does not show": {func(w *world) {
			w.everyService(func(s *Service) { s.Values.Forget(profile.FieldPostcode) })
		}, nil},
		"a postcode that was not accepted": {func(w *world) {
			w.facts.Accepted = profile.Values{}
			w.everyService(func(s *Service) { s.Values.Set(profile.FieldPostcode, "LS1 1AA") })
		}, nil},
		"an event that was not applied": {func(w *world) {
			w.everyService(func(s *Service) {
				s.Values.Set(profile.FieldPostcode, "LS1 1AA")
				s.Values.Set(profile.FieldPhone, "01772000001")
			})
		}, nil},
		"contradictions": {
			func(w *world) {
				for _, f := range []profile.Field{profile.FieldPhone, profile.FieldWebsite, profile.FieldOpeningTimes} {
					w.unstate(f)
				}
				w.shows(profile.FieldPhone, "01772 999999")
				w.shows(profile.FieldOpeningTimes, "mon 09:00-17:00")
			},
			[]string{
				"contradiction|service 1 (type 13)|opening-times|the website shows mon 09:00-17:30, tue 09:00-17:30, and DoS mon 09:00-17:00",
				"contradiction|service 1 (type 13)|phone|the website shows 01772 000 000, and DoS 01772 999999",
			},
		},
		"a contradiction of what is held": {
			func(w *world) {
				w.facts.Desired.Held = []profile.Field{profile.FieldPhone}
				w.shows(profile.FieldPhone, "01772 999999")
			},
			[]string{"contradiction|service 1 (type 13)|phone|the website shows 01772 000 000, and DoS 01772 999999"},
		},
		"drift is no contradiction": {func(w *world) { w.shows(profile.FieldPhone, "01772 999999") }, nil},
		"withdrawn is stated": {func(w *world) {
			w.unstate(profile.FieldPhone)
			w.facts.Desired.Edited = map[profile.Field]time.Time{profile.FieldPhone: time.Unix(1, 0)}
			w.shows(profile.FieldPhone, "01772 999999")
		}, nil},
		"nothing contradicts nothing": {func(w *world) {
			w.unstate(profile.FieldPhone)
			w.shows(profile.FieldPhone, "")
		}, nil},
		"derived services may differ": {func(w *world) {
			w.unstate(profile.FieldPhone)
			w.services[3].Values.Set(profile.FieldPhone, "01772 999999")
		}, nil},
		"the website was not read": {func(w *world) {
			w.unstate(profile.FieldPhone)
			w.facts.Website = nil
			w.shows(profile.FieldPhone, "01772 999999")
		}, nil},
		"code pairs": {
			func(w *world) {
				w.services[1].CodePairs = []string{ids.PairPalliativeCare, ids.PairPressure}
				w.services[3].CodePairs = []string{ids.PairPressure, ids.PairContraception}
				w.services[4].CodePairs = []string{ids.PairPalliativeCare} // closed
			},
			[]string{
				"wrong-z-code|service 2 (type 132)|360=14167|360=14167, the code of palliative care, belongs to type 13",
				"wrong-z-code|service 2 (type 132)|360=14207|360=14207, the code of blood pressure checks, belongs to type 148",
				"wrong-z-code|service 4 (type 148)|360=14210|360=14210, the code of contraception, belongs to type 149",
			},
		},
		"palliative care under a suffix": {
			func(w *world) {
				w.set(profile.FieldServices, "SRV0560 Blood pressure")
				w.services[0].ODSCode = "FZZ99X"
			},
			[]string{"wrong-z-code|service 1 (type 13)|360=14167|360=14167, the code of palliative care, belongs to a service without a suffix " +
				"to its code; this one has FZZ99X"},
		},
		"invalid hours": {
			func(w *world) {
				w.set(profile.FieldOpeningTimes, "mon 09:00-17:30\ntue 25:00-26:00\nwed 22:00-02:00")
				w.set(profile.FieldDatedOpeningTimes, "2027-12-24 closed\n2027-02-30 closed")
			},
			[]string{
				`invalid-hours||dated-opening-times|"2027-02-30 closed"`,
				`invalid-hours||opening-times|"tue 25:00-26:00"`,
			},
		},
		"overlapping hours": {
			func(w *world) {
				w.set(profile.FieldOpeningTimes, "mon 01:00-09:00\nmon 08:00-12:00\nsun 22:00-02:00\nbank-holiday 09:00-12:00")
				w.set(profile.FieldDatedOpeningTimes, "2027-12-24 22:00-03:00\n2027-12-25 02:00-04:00")
			},
			[]string{
				`overlapping-hours||dated-opening-times|"2027-12-25 02:00-04:00" overlaps "2027-12-24 22:00-03:00"`,
				`overlapping-hours||opening-times|"mon 08:00-12:00" overlaps "mon 01:00-09:00"; "sun 22:00-02:00" overlaps "mon 01:00-09:00"`,
			},
		},
		"hours of a closed pharmacy": {func(w *world) {
			w.set(profile.FieldStatus, "closed")
			w.set(profile.FieldOpeningTimes, "mon 25:00-26:00")
			w.services = nil
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{facts(), services()}
			test.change(w)
			require.Equal(t, test.want, checked(w))
			slices.Reverse(w.services)
			require.Equal(t, test.want, checked(w), "whatever the order")
		})
	}
}

func checked(w *world) (lines []string) {
	found := append(CheckProfile(w.facts), Check(w.facts, w.services)...)
	keys := make(map[quality.Finding]bool)
	for _, f := range found {
		lines = append(lines, strings.Join([]string{string(f.Kind), f.Service, f.About, f.Detail}, "|"))
		f.Detail = ""
		keys[f] = true
	}
	if len(keys) != len(found) {
		panic("two findings are the same one")
	}
	slices.Sort(lines)
	return lines
}
