package push_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// A field that is left out is like one that nobody stated: not in what is stated, nor in
// the hash, whenever it was edited, and not drift.
func TestAFieldThatIsLeftOutIsLikeOneThatNobodyStated(t *testing.T) {
	t.Parallel()
	const site = profile.FieldWebsite
	route := push.Route{Name: "r", Fields: []profile.Field{profile.FieldName, site}, Readable: []profile.Field{profile.FieldName, site}}
	stating := func(website string, edited time.Time, left ...push.LeftOut) push.Push {
		p := push.Push{LeftOut: left, Desired: push.DesiredState{LeftOut: push.FieldsLeftOut(left)}}
		p.Desired.Profile.Values.Set(profile.FieldName, "Elm")
		p.Desired.Profile.Values.Set(site, website)
		p.Desired.Edited = map[profile.Field]time.Time{site: edited}
		return p
	}
	hash := func(p push.Push) profile.Hash { return p.Desired.Hash(route, p.Desired.Stated(route)) }
	now := time.Now()
	left := push.LeftOut{Field: site, Reason: "one-letter label"}
	bad, worse := stating("https://x.com", now, left), stating("https://y.com", now.Add(time.Hour), left)
	require.Equal(t, hash(bad), hash(worse))
	require.NotEqual(t, hash(bad), hash(stating("https://x.com", now)), "mended, it is sent")
	require.Empty(t, bad.Desired.EditedIn(route), "no evidence of a check of what is not sent")
	stated := bad.Desired.Stated(route)
	require.False(t, stated.States(site))

	var shown profile.Values
	shown.Set(profile.FieldName, "Oak")
	shown.Set(site, "https://old.example")
	bad.Desired.LeftOut = nil // as it is loaded
	drifted, ok := bad.Drift(route, push.Shown{Entries: []push.Entry{{Values: shown}}})
	require.True(t, ok, "it stays under the check")
	require.Equal(t, []push.Difference{{Field: profile.FieldName, Want: "Elm", Shown: "Oak"}}, drifted.Differences)
}

// A reason that stays keeps its time; a field is named once.
func TestStillLeftOut(t *testing.T) {
	t.Parallel()
	began, now := time.Unix(1000, 0), time.Unix(2000, 0)
	site := push.LeftOut{Field: profile.FieldWebsite, Reason: "a port", Value: strings.Repeat("a", 100)}
	phone := push.LeftOut{Field: profile.FieldPhone, Reason: "words"}
	first := push.StillLeftOut(nil, []push.LeftOut{site, phone, {Field: profile.FieldPhone, Reason: "other"}}, began)
	require.Equal(t, []profile.Field{profile.FieldWebsite, profile.FieldPhone}, push.FieldsLeftOut(first))
	require.Equal(t, strings.Repeat("a", 80)+"…", first[0].Value)
	phone.Reason = "an extension"
	second := push.StillLeftOut(first, []push.LeftOut{site, phone}, now)
	require.Equal(t, []time.Time{began, now}, []time.Time{second[0].Since, second[1].Since})
	require.Empty(t, push.StillLeftOut(second, nil, now))
}

// A value that a sink refused is known by its hash.
func TestRefuses(t *testing.T) {
	t.Parallel()
	var v profile.Values
	l := push.LeftOut{Field: profile.FieldPhone, Refused: push.HashOfValue("1")}
	require.False(t, l.Refuses(v))
	v.Set(profile.FieldPhone, "1")
	require.True(t, l.Refuses(v))
	require.False(t, push.LeftOut{Field: profile.FieldPhone}.Refuses(v), "a person asked for another try")
	v.Set(profile.FieldPhone, "2")
	require.False(t, l.Refuses(v))
}
