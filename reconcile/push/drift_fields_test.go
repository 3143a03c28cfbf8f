package push_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/profile/profiletest"
	"github.com/profilesync/profilesync/reconcile/push"
)

// pushOf returns a push to DoS of a registered profile with these values.
func pushOf(values map[profile.Field]string) push.Push {
	p := registered()
	for f, value := range values {
		p.Values.Set(f, value)
	}
	return push.Push{Sink: push.SinkDoS, Desired: push.DesiredState{Profile: p, Today: today}}
}

// For each field: the same fact in another form is no drift, another fact is.
func TestDriftByField(t *testing.T) {
	t.Parallel()
	for field, c := range map[profile.Field]struct{ ours, sameFact, otherFact string }{
		profile.FieldName:              {"High Street Pharmacy", "HIGH  STREET PHARMACY", "Low Street Pharmacy"},
		profile.FieldAddress:           {"1 High Street\nLeeds", "1 High Street, Leeds", "2 High Street\nLeeds"},
		profile.FieldPostcode:          {"LS1 1AA", "ls11aa", "LS1 1AB"},
		profile.FieldType:              {"pharmacy", "pharmacy", "dental-practice"},
		profile.FieldRoles:             {"RO182|RO96", "RO96|RO182", "RO182"},
		profile.FieldStatus:            {"dormant", "open", "closed"},
		profile.FieldParent:            {"P1A2B", "p1a2b", "P1A2C"},
		profile.FieldCommissioner:      {"QWO", "qwo", "QHL"},
		profile.FieldICB:               {"QWO", " QWO", "QHL"},
		profile.FieldRegion:            {"Y63", "y63", "Y62"},
		profile.FieldSuccessor:         {"FA124", "fa124", ""},
		profile.FieldPhone:             {"0113 200 0000", "+44 (0)113 2000000", "0113 200 0001"},
		profile.FieldEmail:             {"a@example.nhs.uk", "A@example.nhs.uk ", "b@example.nhs.uk"},
		profile.FieldWebsite:           {"https://www.example.nhs.uk/a", "HTTPS://WWW.example.nhs.uk/a/", "https://www.example.nhs.uk/A"},
		profile.FieldDescription:       {"Ring twice.", "Ring twice.", "ring twice."},
		profile.FieldHidden:            {"true", "true", "false"},
		profile.FieldOpeningTimes:      {"mon 09:00-12:00\nmon 12:00-17:00", "mon 09:00-17:00", "mon 09:00-17:30"},
		profile.FieldDatedOpeningTimes: {"2026-04-03 closed", "2026-03-30 10:00-12:00\n2026-04-03 closed", "2026-04-03 10:00-12:00"},
		profile.FieldFacilities:        {"Parking: Yes\nToilet: No", "Toilet: No\nParking: Yes", "Parking: Yes\nToilet: Yes"},
		profile.FieldServices:          {"SRV1 A\nSRV2 B", "SRV2 Another B\nSRV1 A", "SRV1 A"},
		profile.FieldKind:              {"hospital", "hospital", "clinic"},
	} {
		route := routeOf(field)
		if field != profile.FieldStatus { // or a hidden profile would not be compared
			route.Fields, route.Readable = append(route.Fields, profile.FieldStatus), append(route.Readable, profile.FieldStatus)
		}
		p := pushOf(map[profile.Field]string{field: c.ours})
		shown := func(value string) push.Shown {
			values := p.Desired.Stated(route)
			values.Set(field, value)
			return push.Shown{Entries: entry(values)}
		}
		own := p.Desired.Stated(route)
		for _, same := range []string{own.Get(field), c.sameFact} {
			drifted, ok := p.Drift(route, shown(same))
			require.True(t, ok, field.String())
			require.False(t, drifted.Found(), "%s: %q is %q", field, same, c.ours)
		}
		drifted, ok := p.Drift(route, shown(c.otherFact))
		require.True(t, ok, field.String())
		require.True(t, drifted.Found(), "%s: %q is not %q", field, c.otherFact, c.ours)
		require.Len(t, drifted.Differences, 1, field.String())
		require.Equal(t, field, drifted.Differences[0].Field)
		require.Equal(t, profile.ODSCode("FA123"), drifted.Code)
	}
}

// Drift lists fields. It leaves out those that nobody stated, that a person froze,
// that the answer does not hold, and that no push carries.
func TestDriftIsOnlyInFieldsThatAPushStates(t *testing.T) {
	t.Parallel()
	name, email, services := profile.FieldName, profile.FieldEmail, profile.FieldServices
	other := stated(map[profile.Field]string{name: "Other", email: "other@example.nhs.uk", services: "SRV9 Z"})
	for title, c := range map[string]struct {
		alter func(p *push.Push, route *push.Route, shown *push.Shown)
		want  []profile.Field
	}{
		"nobody stated an address": {func(*push.Push, *push.Route, *push.Shown) {}, []profile.Field{name}},
		"somebody emptied it": {func(p *push.Push, _ *push.Route, _ *push.Shown) {
			p.Desired.Edited = map[profile.Field]time.Time{email: {}}
		}, []profile.Field{name, email}},
		"a person froze the name": {func(p *push.Push, _ *push.Route, _ *push.Shown) { p.Desired.Held = []profile.Field{name} }, nil},
		"this answer has no name": {func(_ *push.Push, _ *push.Route, s *push.Shown) {
			s.Entries[0].NotVisible = []profile.Field{name}
		}, nil},
		"names cannot be read back": {func(_ *push.Push, r *push.Route, _ *push.Shown) { r.Readable = []profile.Field{email, services} }, nil},
		"services cleared by us": {func(p *push.Push, _ *push.Route, _ *push.Shown) {
			p.Desired.Edited = map[profile.Field]time.Time{services: {}}
		}, []profile.Field{name, services}},
		"a service we do not push": {func(p *push.Push, r *push.Route, _ *push.Shown) {
			p.Desired.Edited, r.Services = map[profile.Field]time.Time{services: {}}, []string{"SRV1"}
		}, []profile.Field{name}},
	} {
		p, route, shown := pushOf(nil), routeOf(name, email, services), push.Shown{Entries: entry(other)}
		c.alter(&p, &route, &shown)
		drifted, ok := p.Drift(route, shown)
		require.True(t, ok, title)
		var fields []profile.Field
		for _, d := range drifted.Differences {
			fields = append(fields, d.Field)
		}
		require.Equal(t, c.want, fields, title)
	}
}

// A repair ends the drift and leaves alone every field that the push does not state.
func TestARepairEndsTheDrift(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, shown := pushOf(nil), push.Shown{Entries: entry(profile.Values{})}
		for _, f := range profile.Fields() {
			if rapid.Bool().Draw(t, "shown") {
				shown.Entries[0].Values.Set(f, profiletest.Noisy().Draw(t, "value"))
			}
			if f != profile.FieldStatus && f != profile.FieldHidden && rapid.Bool().Draw(t, "ours") {
				p.Desired.Profile.Values.Set(f, profiletest.Noisy().Draw(t, "our value"))
			}
		}
		weekly, dated := profiletest.Hours(t, today)
		p.Desired.Profile.Values.Set(profile.FieldOpeningTimes, weekly)
		p.Desired.Profile.Values.Set(profile.FieldDatedOpeningTimes, dated)
		weekly, dated = profiletest.Hours(t, today)
		weekly, dated = profile.PublicHours(weekly, dated, today) // as sinks show them
		shown.Entries[0].Values.Set(profile.FieldOpeningTimes, weekly)
		shown.Entries[0].Values.Set(profile.FieldDatedOpeningTimes, dated)
		p.Desired.Held = rapid.SliceOfN(profiletest.AnyField(), 0, 4).Draw(t, "held")
		before, ok := p.Drift(everything, shown)
		require.True(t, ok)
		own := p.Desired.Stated(everything)
		for _, d := range before.Differences {
			require.True(t, own.States(d.Field), d.Field.String())
			require.NotEqual(t, d.Want, d.Shown)
		}
		repaired := own
		repaired.Keep(everything.NotStated(own), shown.Entries[0].Values)
		after, _ := p.Drift(everything, push.Shown{Entries: entry(repaired)})
		require.Empty(t, after.Differences)
		for _, f := range everything.NotStated(own) {
			require.Equal(t, shown.Entries[0].Values.Get(f), repaired.Get(f), f.String())
		}
	})
}
