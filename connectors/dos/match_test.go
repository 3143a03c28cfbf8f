package dos

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	main := Service{ID: 1, ODSCode: "FA123", Type: 13, Status: 1}
	for name, test := range map[string]struct {
		service Service
		offered string
		why     string // it is left alone; empty: it is updated
	}{
		"community":        {Service{ODSCode: "FA123", Type: 13, Status: 1}, "", ""},
		"suffix":           {Service{ODSCode: "FA123M06", Type: 132, Status: 1}, "", ""},
		"urgent medicines": {Service{ODSCode: "FA123", Type: 131, Status: 1}, "", ""},
		"distance selling": {Service{ODSCode: "FA123", Type: 134, Status: 1}, "", ""},
		"variant":          {Service{ODSCode: "FA123", Type: 137, Status: 1}, "", ""},
		"closed":           {Service{ODSCode: "FA123", Type: 13, Status: 2, StatusName: "closed"}, "", "status 2 closed"},
		"commissioning":    {Service{ODSCode: "FA123", Type: 132, Status: 3, StatusName: "x"}, "", "status 3 x"},
		"GP practice": {
			Service{ODSCode: "FA123", Type: 100, TypeName: "GP Practice", Status: 1}, "", "type 100 GP Practice",
		},
		"other code": {Service{ODSCode: "FA124", Type: 13, Status: 1}, "", "ODS code FA124 is not one of FA123"},
		"lower case": {Service{ODSCode: "fa123", Type: 13, Status: 1}, "", "ODS code fa123 is not one of FA123"},
		"wildcard":   {Service{ODSCode: "%%%%%", Type: 13, Status: 1}, "", "ODS code %%%%% is not one of FA123"},
		"shorter":    {Service{ODSCode: "FA12", Type: 13, Status: 1}, "", "ODS code FA12 is not one of FA123"},
		"blood pressure stays": {
			Service{ODSCode: "FA123BPS", Type: 148, Status: 1},
			"SRV0560 BP", "",
		},
		"blood pressure opens": {
			Service{ODSCode: "FA123BPS", Type: 148, Status: 2},
			"SRV0560 BP", "",
		},
		"commissioned": {
			Service{ODSCode: "FA123BPS", Type: 148, Status: 3},
			"SRV0560", "",
		},
		"contraception closes": {
			Service{ODSCode: "FA123CON", Type: 149, Status: 1},
			"SRV0560 BP", "",
		},
		"stays closed": {
			Service{ODSCode: "FA123CON", Type: 149, Status: 2, StatusName: "closed"},
			"- SRV2000",
			"status 2 closed, and SRV2000 is not offered",
		},
		"retired": {Service{ODSCode: "FA123CON", Type: 149, Status: 4, StatusName: "retired"}, "SRV2000", "status 4 retired"},
	} {
		test.service.ID = 7
		matched := Match("FA123", []Service{test.service, main}, test.offered)
		require.Len(t, matched, 2, name)
		require.EqualValues(t, 1, matched[0].ID, "by id")
		require.Equal(t, test.why, matched[1].LeftAlone, name)
	}
}

func TestMatchNeedsAnActiveService(t *testing.T) {
	t.Parallel()
	services := []Service{{ID: 1, ODSCode: "FA123", Type: 13, Status: 2}, {ID: 2, ODSCode: "FA123BPS", Type: 148, Status: 2}}
	for _, m := range Match("FA123", services, "SRV0560 BP") {
		require.NotEmpty(t, m.LeftAlone)
	}
	for _, m := range Match("FA123M06", []Service{{ODSCode: "FA123M06", Type: 132, Status: 1}}, "") {
		require.NotEmpty(t, m.LeftAlone, "no event is sent for a code like this")
	}
	require.Empty(t, Match("FA123", nil, ""))
}

func TestMatchIsAboutItsOwnCodeOnly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var services []Service
		for i := range rapid.IntRange(0, 8).Draw(t, "services") {
			services = append(services, Service{
				ID: int64(i), ODSCode: rapid.SampledFrom([]string{"FA123", "FA123M06", "FA124", "F", "%%%%%", "_____"}).Draw(t, "code"),
				Type:   rapid.SampledFrom([]int{12, 13, 100, 131, 132, 134, 137, 148, 149}).Draw(t, "type"),
				Status: rapid.IntRange(1, 7).Draw(t, "status"),
			})
		}
		offered := rapid.SampledFrom([]string{"", "SRV0560 BP", "SRV0560 BP\nSRV2000 Pill"}).Draw(t, "offered")
		matched := Match("FA123", services, offered)
		require.Len(t, matched, len(services), "every service is listed")
		var updated []string
		for _, m := range matched {
			if m.LeftAlone == "" {
				updated = append(updated, m.entry().Name)
				require.Equal(t, "FA123", m.ODSCode[:5])
				require.NotContains(t, []int{12, 100}, m.Type)
				require.LessOrEqual(t, m.Status, 3)
			}
		}
		shown := push.Shown{Entries: entriesOf("FA123", services)}
		var changed []string
		for _, e := range shown.ChangedBy(stating(profile.FieldServices, offered)) {
			changed = append(changed, e.Name)
		}
		require.ElementsMatch(t, updated, changed, "an entry for each service that the event changes")
	})
}

func stating(f profile.Field, value string) (v profile.Values) {
	v.Set(f, value)
	return v
}

// Each service that an event may change is an entry of its own, with its own values
// and its own NHS service.
func TestEntriesOf(t *testing.T) {
	t.Parallel()
	service := func(id int64, code string, kind, status int) Service {
		return Service{ID: id, ODSCode: code, Type: kind, Status: status, Values: stating(profile.FieldPhone, fmt.Sprint(id))}
	}
	palliative := service(5, "FA123", 13, 1)
	palliative.CodePairs = []string{"360=14167"}
	const (
		stock = "SRV0559 Pharmacy palliative care medication stockholder"
		bp    = "SRV0560 NHS blood pressure check service"
		pill  = "SRV2000 NHS pharmacy contraception service"
	)
	type row struct{ name, phone, offers, never, onlyIf string }
	for name, test := range map[string]struct {
		services []Service
		want     []row
	}{
		"nothing":   {},
		"closed":    {services: []Service{service(1, "FA123", 13, 2), service(2, "FA123", 148, 2)}},
		"another's": {services: []Service{service(1, "FA124", 13, 1)}},
		"community first": {
			[]Service{service(1, "FA123", 134, 1), service(9, "FA123", 13, 1)},
			[]row{
				{"service 9 (type 13)", "9", "", "EPS0004 SRV0560 SRV2000", ""},
				{"service 1 (type 134)", "1", "", "EPS0004 SRV0559 SRV0560 SRV2000", ""},
			},
		},
		"bare code first, and a suffix has no palliative care": {
			[]Service{service(1, "FA123X", 13, 1), service(9, "FA123", 13, 1)},
			[]row{
				{"service 9 (type 13)", "9", "", "EPS0004 SRV0560 SRV2000", ""},
				{"service 1 (type 13)", "1", "", "EPS0004 SRV0559 SRV0560 SRV2000", ""},
			},
		},
		"oldest first": {
			[]Service{service(3, "FA123", 137, 1), service(2, "FA123", 131, 1)},
			[]row{
				{"service 2 (type 131)", "2", "", "EPS0004 SRV0559 SRV0560 SRV2000", ""},
				{"service 3 (type 137)", "3", "", "EPS0004 SRV0559 SRV0560 SRV2000", ""},
			},
		},
		"all": {
			[]Service{service(8, "FA123BPS", 148, 2), palliative, service(6, "FA123BPS", 148, 1), service(7, "FA123CON", 149, 1)},
			[]row{
				{"service 5 (type 13)", "5", stock, "EPS0004 SRV0560 SRV2000", ""},
				{"service 6 (type 148)", "6", bp, "EPS0004 SRV0559 SRV2000", ""},
				{"service 7 (type 149)", "7", pill, "EPS0004 SRV0559 SRV0560", ""},
				{"service 8 (type 148)", "8", "", "EPS0004 SRV0559 SRV2000", "SRV0560"},
			},
		},
		"retired ones are no entries": {
			[]Service{service(5, "FA123", 13, 1), service(7, "FA123CON", 149, 4), service(8, "FA123", 100, 1)},
			[]row{{"service 5 (type 13)", "5", "", "EPS0004 SRV0560 SRV2000", ""}},
		},
	} {
		var got []row
		for _, e := range entriesOf("FA123", test.services) {
			require.True(t, e.Values.States(profile.FieldServices), name)
			got = append(got, row{
				e.Name, e.Values.Get(profile.FieldPhone), e.Values.Get(profile.FieldServices), strings.Join(e.NeverShown, " "), e.OnlyIfOffered,
			})
		}
		require.Equal(t, test.want, got, name)
	}
}
