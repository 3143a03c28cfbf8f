package push_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/profile/profiletest"
	"github.com/profilesync/profilesync/reconcile/push"
)

// sent returns a push that was sent under a number and not answered.
func sent(values map[profile.Field]string) push.Push {
	return push.Push{Desired: push.DesiredState{Profile: registered(), Today: today}, Sequence: 7, Sent: stated(values), Unclear: true}
}

// If the sink shows a number, it alone decides: the state is that of the push with
// this number.
func TestANumberSaysWhetherThePushWasAccepted(t *testing.T) {
	t.Parallel()
	p := sent(map[profile.Field]string{profile.FieldPhone: "0113 1"})
	for name, c := range map[string]struct {
		shown push.Shown
		want  bool
	}{
		"ours":                     {push.Shown{Entries: entry(profile.Values{}), Sequence: 7}, true},
		"one before":               {push.Shown{Entries: entry(p.Sent), Sequence: 6}, false},
		"a later one":              {push.Shown{Entries: entry(p.Sent), Sequence: 8}, false},
		"ours, but not found":      {push.Shown{Sequence: 7}, false},
		"no number, not found":     {push.Shown{}, false},
		"no number, the same":      {push.Shown{Entries: entry(p.Sent)}, true},
		"no number, another phone": {push.Shown{Entries: entry(stated(map[profile.Field]string{profile.FieldPhone: "0113 2"}))}, false},
		"no number, no values":     {push.Shown{Entries: entry(profile.Values{})}, false},
	} {
		require.Equal(t, c.want, p.HasArrived(everything, p.Sent, c.shown), name)
	}
}

// Without a number, a field that cannot be read back leaves it open whether the
// push was accepted, unless the sink only logs the field or the value is the
// default.
func TestFieldsThatCannotBeReadBackLeaveItOpen(t *testing.T) {
	t.Parallel()
	route := push.Route{
		Fields:     []profile.Field{profile.FieldName, profile.FieldPhone, profile.FieldStatus, profile.FieldHidden, profile.FieldEmail},
		Readable:   []profile.Field{profile.FieldPhone},
		OnlyLogged: []profile.Field{profile.FieldName},
	}
	for name, c := range map[string]struct {
		sent map[profile.Field]string
		want bool
	}{
		"shown":              {map[profile.Field]string{profile.FieldPhone: "0113 1"}, true},
		"only logged":        {map[profile.Field]string{profile.FieldPhone: "0113 1", profile.FieldName: "Boots"}, true},
		"open and visible":   {map[profile.Field]string{profile.FieldStatus: "open", profile.FieldHidden: "false"}, true},
		"closed":             {map[profile.Field]string{profile.FieldStatus: "closed"}, false},
		"hidden":             {map[profile.Field]string{profile.FieldHidden: "true"}, false},
		"never shown":        {map[profile.Field]string{profile.FieldPhone: "0113 1", profile.FieldEmail: "a@b.uk"}, false},
		"never shown, empty": {map[profile.Field]string{profile.FieldEmail: ""}, false},
		"not in the route":   {map[profile.Field]string{profile.FieldKind: "hospital"}, true},
	} {
		p := sent(c.sent)
		require.Equal(t, c.want, p.HasArrived(route, p.Sent, push.Shown{Entries: entry(p.Sent)}), name)
	}
}

// Whether a push was accepted depends on what was sent, not on what the profile
// says now. Days that have passed since are ignored.
func TestAcceptanceIsJudgedByWhatWasSent(t *testing.T) {
	t.Parallel()
	route := routeOf(profile.FieldName, profile.FieldDatedOpeningTimes)
	sent := stated(map[profile.Field]string{
		profile.FieldName: "Old", profile.FieldDatedOpeningTimes: "2026-03-30 closed\n2026-04-03 closed",
	})
	p := pushOf(map[profile.Field]string{profile.FieldName: "New"})
	p.Sequence, p.Sent = 1700, sent
	shown := push.Shown{Entries: entry(sent)}
	require.True(t, p.HasArrived(route, p.Sent, shown))
	shown.Entries[0].Values.Set(profile.FieldDatedOpeningTimes, "2026-04-03 closed")
	require.True(t, p.HasArrived(route, p.Sent, shown), "the thirtieth has passed")
	shown.Entries[0].Values.Set(profile.FieldDatedOpeningTimes, "")
	require.False(t, p.HasArrived(route, p.Sent, shown))
	shown.Entries[0].Values = p.Desired.Stated(route)
	require.False(t, p.HasArrived(route, p.Sent, shown), "that is what the profile says now")
}

// Any push along a route that shows everything is recognised, and a changed one is
// not.
func TestAPushShownAsSentWasAccepted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		desired := push.DesiredState{Profile: registered(), Today: today}
		for _, f := range []profile.Field{profile.FieldEmail, profile.FieldDescription, profile.FieldWebsite} {
			desired.Profile.Values.Set(f, rapid.StringMatching(`[a-z]{0,9}`).Draw(t, f.String()))
		}
		p := push.Push{Desired: desired, Sent: desired.Stated(everything)}
		shown := push.Shown{Entries: entry(p.Sent)}
		require.True(t, p.HasArrived(everything, p.Sent, shown))
		shown.Entries[0].Values.Set(profile.FieldPhone, "0113 999 9999")
		require.False(t, p.HasArrived(everything, p.Sent, shown))
	})
}

func TestHashesTellPushesApart(t *testing.T) {
	t.Parallel()
	route := routeOf(profile.FieldName, profile.FieldPhone)
	desired := push.DesiredState{Profile: registered(), Today: today}
	hash := func(w push.DesiredState, r push.Route) profile.Hash { return w.Hash(r, w.Stated(r)) }
	first := hash(desired, route)
	require.Equal(t, first, hash(desired, route))
	require.NotZero(t, first)

	renamed := desired
	renamed.Profile.Values.Set(profile.FieldName, "Low Street Pharmacy")
	held := desired
	held.Held = []profile.Field{profile.FieldPhone}
	edited := desired
	edited.Edited = map[profile.Field]time.Time{profile.FieldPhone: time.Unix(1, 0)}
	again := desired
	again.Edited = map[profile.Field]time.Time{profile.FieldPhone: time.Unix(2, 0)}
	along := route
	along.Name = "another"
	seen := map[profile.Hash]string{first: "as it was"}
	for name, h := range map[string]profile.Hash{
		"another value": hash(renamed, route), "one held": hash(held, route), "edited": hash(edited, route),
		"edited again": hash(again, route), "another route": hash(desired, along),
	} {
		require.Empty(t, seen[h], name)
		seen[h] = name
	}

	elsewhere := desired
	elsewhere.Profile.Values.Set(profile.FieldEmail, "a@b.uk")
	elsewhere.Edited = map[profile.Field]time.Time{profile.FieldEmail: time.Unix(1, 0)}
	require.Equal(t, first, hash(elsewhere, route), "a field outside the route")
}

// Two pushes with equal hashes do not differ in a single byte.
func TestPushesWithEqualHashesSayTheSame(t *testing.T) {
	t.Parallel()
	fields := []profile.Field{profile.FieldName, profile.FieldPhone, profile.FieldServices}
	drawn := rapid.Custom(func(t *rapid.T) (own profile.Values) {
		for _, f := range fields {
			if rapid.Bool().Draw(t, "stated") {
				own.Set(f, rapid.OneOf(rapid.SampledFrom([]string{"", "A", "AA"}), profiletest.Noisy()).Draw(t, "value"))
			}
		}
		return own
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawn.Draw(t, "a"), drawn.Draw(t, "b")
		route := routeOf(fields...)
		require.Equal(t, a == b, push.DesiredState{}.Hash(route, a) == push.DesiredState{}.Hash(route, b))
	})
	name, phone := stated(map[profile.Field]string{profile.FieldName: "1"}), stated(map[profile.Field]string{profile.FieldPhone: "1"})
	route := routeOf(fields...)
	require.NotEqual(t, push.DesiredState{}.Hash(route, name), push.DesiredState{}.Hash(route, phone), "the same value in another field")
}

// The same time in another zone has the same hash.
func TestHashesIgnoreTimeZones(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.July, 1, 12, 0, 0, 0, time.UTC)
	route := routeOf(profile.FieldPhone)
	hash := func(at time.Time) profile.Hash {
		desired := push.DesiredState{Profile: registered(), Edited: map[profile.Field]time.Time{profile.FieldPhone: at}, Today: today}
		return desired.Hash(route, desired.Stated(route))
	}
	require.Equal(t, hash(at), hash(at.In(profile.London())))
	require.NotEqual(t, hash(at), hash(at.Add(time.Nanosecond)))
}

func TestEditsAreThoseOfTheRoute(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		edited := map[profile.Field]time.Time{}
		for _, f := range rapid.SliceOf(profiletest.AnyField()).Draw(t, "edited") {
			edited[f] = time.Unix(int64(f), 0)
		}
		route := routeOf(rapid.SliceOf(profiletest.AnyField()).Draw(t, "route")...)
		got := push.DesiredState{Edited: edited}.EditedIn(route)
		for _, f := range profile.Fields() {
			at, found := got[f]
			_, was := edited[f]
			require.Equal(t, was && slices.Contains(route.Fields, f), found, f.String())
			require.True(t, !found || at.Equal(edited[f]))
		}
	})
}

func TestEachStateOnce(t *testing.T) {
	t.Parallel()
	require.ElementsMatch(t, []push.State{push.Wanted, push.Accepted, push.Refused, push.Waits, push.Held, push.NoRoute}, push.States())
}
