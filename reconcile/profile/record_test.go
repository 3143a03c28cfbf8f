package profile_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
)

func TestParseOrgType(t *testing.T) {
	t.Parallel()
	for _, want := range profile.OrgTypes() {
		got, err := profile.ParseOrgType(string(want))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{"", "Pharmacy", "prison"} {
		got, err := profile.ParseOrgType(bad)
		require.ErrorContains(t, err, "want one of [pharmacy gp-practice")
		require.Equal(t, profile.NoType, got)
	}
}

func TestRecordIsStoredWithoutItsCode(t *testing.T) {
	t.Parallel()
	r := profile.Record{Code: "FA001", Standing: profile.Active, Closed: today.AddDays(5)}
	r.Values.Set(profile.FieldName, "BOOTS")
	data, err := json.Marshal(r)
	require.NoError(t, err)
	require.NotContains(t, string(data), "FA001")
	back := profile.Record{Code: r.Code}
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, r, back)
}

func TestRefusalsNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	at := profile.Rejected{Line: 7, Field: "Open Date", Value: "31/03/2026", Reason: "want YYYYMMDD"}
	require.EqualError(t, &at, `line 7: Open Date "31/03/2026": want YYYYMMDD`)
	whole := &profile.RefusedError{Name: "etr.csv", Why: "layout not recognised"}
	require.EqualError(t, whole, "etr.csv: refused, nothing changed: layout not recognised")
	whole.At = at
	require.EqualError(t, whole, `etr.csv: refused, nothing changed: layout not recognised (line 7: Open Date "31/03/2026": want YYYYMMDD)`)
}

func TestStandingOn(t *testing.T) {
	t.Parallel()
	var none profile.Date
	day := today.AddDays
	for name, c := range map[string]struct {
		stated         profile.Standing
		opened, closed profile.Date
		want           profile.Standing
	}{
		"a status decides, not dates":     {profile.Active, day(1), day(-1), profile.Active},
		"inactive stays inactive":         {profile.Inactive, none, none, profile.Inactive},
		"no dates at all":                 {profile.Unstated, none, none, profile.Active},
		"opened long ago":                 {profile.Unstated, day(-4000), none, profile.Active},
		"opens today":                     {profile.Unstated, day(0), none, profile.Active},
		"opens tomorrow":                  {profile.Unstated, day(1), none, profile.Proposed},
		"closed yesterday":                {profile.Unstated, day(-9), day(-1), profile.Inactive},
		"closes today":                    {profile.Unstated, day(-9), day(0), profile.Inactive},
		"closes tomorrow":                 {profile.Unstated, day(-9), day(1), profile.Active},
		"closed before it opens":          {profile.Unstated, day(1), day(0), profile.Inactive},
		"opens tomorrow, closes later on": {profile.Unstated, day(1), day(9), profile.Proposed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, profile.Record{Standing: c.stated, Opened: c.opened, Closed: c.closed}.StandingOn(today))
		})
	}
}
