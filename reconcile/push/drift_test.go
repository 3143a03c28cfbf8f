package push_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

func TestDriftIsWhatASinkShowsDifferently(t *testing.T) {
	t.Parallel()
	p := push.Push{Desired: push.DesiredState{Profile: registered(), Today: today}}
	route := routeOf(profile.FieldName, profile.FieldPhone, profile.FieldStatus)
	shown := push.Shown{Entries: entry(p.Desired.Stated(route))}

	drifted, ok := p.Drift(route, shown)
	require.True(t, ok)
	require.False(t, drifted.Found())
	require.Equal(t, p.Code(), drifted.Code)

	shown.Entries[0].Values.Set(profile.FieldPhone, "0113 999 9999")
	drifted, ok = p.Drift(route, shown)
	require.True(t, ok)
	require.True(t, drifted.Found())
	require.Equal(t, []push.Difference{
		{Field: profile.FieldPhone, Want: "0113 200 0000", Shown: "0113 999 9999"},
	}, drifted.Differences)

	drifted, ok = p.Drift(route, push.Shown{})
	require.True(t, ok)
	require.Equal(t, push.Drifted{Code: p.Code(), Missing: true}, drifted)
	require.True(t, drifted.Found(), "not shown at all")
}

// Held profiles are left alone, and so are closed or hidden ones if the sink does
// not show the status (RULES.md "Drift").
func TestProfilesThatAreNotCompared(t *testing.T) {
	t.Parallel()
	withStatus, without := routeOf(profile.FieldPhone, profile.FieldStatus), routeOf(profile.FieldPhone)
	for name, c := range map[string]struct {
		field profile.Field
		value string
		held  bool
		route push.Route
		want  bool
	}{
		"open":                      {profile.FieldStatus, "open", false, without, true},
		"dormant":                   {profile.FieldStatus, "dormant", false, without, true},
		"held":                      {profile.FieldStatus, "open", true, withStatus, false},
		"closed, status shown":      {profile.FieldStatus, "closed", false, withStatus, true},
		"closed, status not shown":  {profile.FieldStatus, "closed", false, without, false},
		"hidden, status shown":      {profile.FieldHidden, "true", false, withStatus, true},
		"hidden, status not shown":  {profile.FieldHidden, "true", false, without, false},
		"visible, status not shown": {profile.FieldHidden, "false", false, without, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := push.Push{Desired: push.DesiredState{Profile: registered(), Today: today}, Held: c.held}
			p.Desired.Profile.Values.Set(c.field, c.value)
			drifted, ok := p.Drift(c.route, push.Shown{})
			require.Equal(t, c.want, ok)
			require.Equal(t, c.want, drifted.Found(), "it is not shown at all")
		})
	}
}

// A field that a person holds does not drift, whatever the sink shows.
func TestHeldFieldsDoNotDrift(t *testing.T) {
	t.Parallel()
	route := routeOf(profile.FieldName, profile.FieldPhone)
	p := push.Push{Desired: push.DesiredState{Profile: registered(), Today: today, Held: []profile.Field{profile.FieldPhone}}}
	shown := push.Shown{Entries: entry(stated(map[profile.Field]string{
		profile.FieldName: "High Street Pharmacy", profile.FieldPhone: "0113 999 9999",
	}))}
	drifted, ok := p.Drift(route, shown)
	require.True(t, ok)
	require.False(t, drifted.Found())
}
