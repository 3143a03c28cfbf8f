package reconcile_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile"
)

func TestParseOrgType(t *testing.T) {
	t.Parallel()
	for _, want := range reconcile.OrgTypes() {
		got, err := reconcile.ParseOrgType(string(want))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{"", "Pharmacy", "prison"} {
		got, err := reconcile.ParseOrgType(bad)
		require.ErrorContains(t, err, "want one of [pharmacy gp-practice")
		require.Equal(t, reconcile.NoType, got)
	}
}

func TestRecordIsStoredWithoutItsCode(t *testing.T) {
	t.Parallel()
	r := reconcile.Record{Code: "FA001", Standing: reconcile.Active, Closed: today.AddDays(5)}
	r.Values.Set(reconcile.FieldName, "BOOTS")
	data, err := json.Marshal(r)
	require.NoError(t, err)
	require.NotContains(t, string(data), "FA001")
	back := reconcile.Record{Code: r.Code}
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, r, back)
}

func TestRefusalsNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	at := reconcile.Rejected{Line: 7, Field: "Open Date", Value: "31/03/2026", Reason: "want YYYYMMDD"}
	require.EqualError(t, &at, `line 7: Open Date "31/03/2026": want YYYYMMDD`)
	whole := &reconcile.RefusedError{Name: "etr.csv", Why: "layout not recognised"}
	require.EqualError(t, whole, "etr.csv: refused, nothing changed: layout not recognised")
	whole.At = at
	require.EqualError(t, whole, `etr.csv: refused, nothing changed: layout not recognised (line 7: Open Date "31/03/2026": want YYYYMMDD)`)
}

func TestStandingOn(t *testing.T) {
	t.Parallel()
	var none reconcile.Date
	day := today.AddDays
	for name, c := range map[string]struct {
		stated         reconcile.Standing
		opened, closed reconcile.Date
		want           reconcile.Standing
	}{
		"a status decides, not dates":     {reconcile.Active, day(1), day(-1), reconcile.Active},
		"inactive stays inactive":         {reconcile.Inactive, none, none, reconcile.Inactive},
		"no dates at all":                 {reconcile.Unstated, none, none, reconcile.Active},
		"opened long ago":                 {reconcile.Unstated, day(-4000), none, reconcile.Active},
		"opens today":                     {reconcile.Unstated, day(0), none, reconcile.Active},
		"opens tomorrow":                  {reconcile.Unstated, day(1), none, reconcile.Proposed},
		"closed yesterday":                {reconcile.Unstated, day(-9), day(-1), reconcile.Inactive},
		"closes today":                    {reconcile.Unstated, day(-9), day(0), reconcile.Inactive},
		"closes tomorrow":                 {reconcile.Unstated, day(-9), day(1), reconcile.Active},
		"closed before it opens":          {reconcile.Unstated, day(1), day(0), reconcile.Inactive},
		"opens tomorrow, closes later on": {reconcile.Unstated, day(1), day(9), reconcile.Proposed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, reconcile.Record{Standing: c.stated, Opened: c.opened, Closed: c.closed}.StandingOn(today))
		})
	}
}
