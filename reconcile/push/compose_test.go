package push_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// likeDoS is a route with several entries: weekly hours, and SRV1 of the services, may be
// left out.
func likeDoS() push.Route {
	fields := []profile.Field{
		profile.FieldPhone, profile.FieldWebsite, profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes, profile.FieldServices,
	}
	return push.Route{
		Fields: append(fields, profile.FieldStatus, profile.FieldHidden), Readable: fields,
		Omittable:   []profile.Field{profile.FieldOpeningTimes, profile.FieldStatus, profile.FieldHidden},
		KeptIfEmpty: []profile.Field{profile.FieldOpeningTimes},
		Services:    []string{"SRV1", "SRV2", "SRV3"}, OmittableServices: []string{"SRV1"},
	}
}

// Each entry keeps its own of what nobody stated, or the composition says what it
// overwrites (RULES.md "What nobody stated").
func TestCompose(t *testing.T) {
	t.Parallel()
	type values = map[profile.Field]string
	phone, web, offered := profile.FieldPhone, profile.FieldWebsite, profile.FieldServices
	weekly, dated := profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes
	rest := values{web: "", dated: "", offered: ""}
	with := func(more values) values {
		all := maps.Clone(rest)
		maps.Copy(all, more)
		return all
	}
	for name, c := range map[string]struct {
		own                  values
		first, second, third values
		want                 values
		overwrites           []push.Overwrite
		urgent, allShown     bool
	}{
		"all stated": {
			own: with(values{phone: "1"}), first: values{phone: "2"}, second: values{phone: "3"},
			want: with(values{phone: "1"}),
		},
		"weekly hours are left out": {
			own: with(values{phone: "1"}), first: values{weekly: "mon 09:00-17:00"}, second: values{weekly: "tue 09:00-17:00"},
			want: with(values{phone: "1"}),
		},
		"all entries show the same": {
			own: values{phone: "1", offered: ""}, first: values{web: "https://a.example"}, second: values{web: "HTTPS://A.example/"},
			want: with(values{phone: "1", web: "https://a.example"}),
		},
		"an entry that no push changes does not count": {
			own: values{phone: "1", offered: ""}, first: values{web: "a"}, second: values{web: "a"}, third: values{web: "b"},
			want: with(values{phone: "1", web: "a"}),
		},
		"they differ": {
			own: values{phone: "1", offered: "", dated: ""}, first: values{phone: "1", web: "a"}, second: values{phone: "1", web: "b"},
			want: with(values{phone: "1", web: "a"}), allShown: true,
			overwrites: []push.Overwrite{{Entry: "service 2", Field: web, Before: "b", After: "a"}},
		},
		"past days do not differ": {
			own:   values{phone: "1", web: "", offered: ""},
			first: values{phone: "1", dated: "2026-04-03 closed"}, second: values{phone: "1", dated: "2026-03-30 closed\n2026-04-03 closed"},
			want: with(values{phone: "1", dated: "2026-04-03 closed"}), allShown: true,
		},
		"a closure is urgent": {
			own:   values{dated: "2026-03-31 closed", offered: "", web: "", weekly: "mon 09:00-17:00"},
			first: values{weekly: "mon 09:00-17:00", phone: "1"}, second: values{weekly: "mon 09:00-17:00", phone: "2"},
			want:       with(values{dated: "2026-03-31 closed", weekly: "mon 09:00-17:00", phone: "1"}),
			overwrites: []push.Overwrite{{Entry: "service 2", Field: phone, Before: "2", After: "1"}},
			urgent:     true,
		},
		"a closure that one entry lacks is urgent": {
			own:   values{dated: "2026-03-31 closed", offered: "", web: ""},
			first: values{dated: "2026-03-31 closed", phone: "1"}, second: values{phone: "1"},
			want: with(values{dated: "2026-03-31 closed", phone: "1"}), urgent: true,
		},
		"no week at all is never urgent, since nothing says it": {
			own:   values{weekly: "", dated: "", offered: "", web: ""},
			first: values{weekly: "mon 09:00-17:00", phone: "1"}, second: values{phone: "2"},
			want: with(values{weekly: "", phone: "1"}), allShown: true,
			overwrites: []push.Overwrite{{Entry: "service 2", Field: phone, Before: "2", After: "1"}},
		},
		"services stay as each entry has them": {
			own: values{phone: "1", web: "", dated: ""}, first: values{offered: "SRV1 A"}, second: values{offered: "SRV2 B"}, third: values{},
			want: with(values{phone: "1", offered: "SRV1 A\nSRV2 B"}),
		},
		"services that are not offered stay so": {
			own: values{phone: "1", web: "", dated: ""}, first: values{}, second: values{}, third: values{web: "b"},
			want: with(values{phone: "1"}),
		},
		"closed, and nothing is shown": {
			own: values{profile.FieldStatus: "closed", phone: "1"}, first: values{phone: "1", web: "a"}, second: values{web: "b"},
			want: values{profile.FieldStatus: "closed", phone: "1"},
		},
		"hidden, and nothing is shown": {
			own: values{profile.FieldHidden: "true"}, first: values{phone: "1", web: "a"}, second: values{web: "b"},
			want: values{profile.FieldHidden: "true"},
		},
	} {
		p := push.Push{Desired: push.DesiredState{Profile: registered(), Today: today}}
		shown := services(c.first, c.second, c.third)
		got := p.Compose(likeDoS(), stated(c.own), &shown)
		require.Equal(t, push.Composition{
			Values: stated(c.want), Overwrites: c.overwrites, Urgent: c.urgent, AllShown: c.allShown,
		}, got, name)
	}
}

// Of two places of one service, one open and one closed, an event opens or closes both:
// either way one is overwritten. Palliative care, like SRV1, never is.
func TestComposeWithTwoPlacesOfOneService(t *testing.T) {
	t.Parallel()
	open := stated(map[profile.Field]string{profile.FieldServices: "SRV2 B"})
	closed := stated(map[profile.Field]string{profile.FieldPhone: "9"})
	never := []string{"SRV1", "SRV3"}
	shown := push.Shown{Entries: []push.Entry{
		{Name: "service 1", Values: stated(map[profile.Field]string{profile.FieldServices: "SRV1 A"}), NeverShown: []string{"SRV2", "SRV3"}},
		{Name: "service 2", NeverShown: []string{"SRV2", "SRV3"}},
		{Name: "service 3", Values: open, NeverShown: never},
		{Name: "service 4", Values: closed, NeverShown: never, OnlyIfOffered: "SRV2"},
	}}
	own := stated(map[profile.Field]string{profile.FieldWebsite: "a", profile.FieldDatedOpeningTimes: ""})
	p := push.Push{Desired: push.DesiredState{Profile: registered(), Today: today}}
	c := p.Compose(likeDoS(), own, &shown)
	require.Equal(t, "SRV1 A\nSRV2 B", c.Values.Get(profile.FieldServices))
	require.Equal(t, []push.Overwrite{
		{Entry: "service 4", Field: profile.FieldPhone, Before: "9", After: ""},
		{Entry: "service 4", Field: profile.FieldServices, Before: "", After: "SRV2 B"},
	}, c.Overwrites)
	require.Equal(t, "phone differs: service 1 shows nothing, service 2 shows nothing, service 3 shows nothing, service 4 shows 9; "+
		"nobody stated it. services differs: service 3 shows SRV2 B, service 4 shows nothing; nobody stated it. "+
		"State them in the profile, or `push retry FA123 --overwrite`", p.WhyWaits(likeDoS(), c, &shown))
}

// What cannot be read would be overwritten, with what was sent last.
func TestComposeWithoutReading(t *testing.T) {
	t.Parallel()
	route := likeDoS()
	route.Readable = route.Readable[:1] // the phone alone
	own := stated(map[profile.Field]string{profile.FieldServices: "", profile.FieldDatedOpeningTimes: ""})
	p := push.Push{Desired: push.DesiredState{Profile: registered(), Today: today, Held: []profile.Field{profile.FieldWebsite}}}
	p.Sent = stated(map[profile.Field]string{profile.FieldWebsite: "a"})
	shown := services(map[profile.Field]string{profile.FieldPhone: "1"}, map[profile.Field]string{profile.FieldPhone: "1"}, nil)
	c := p.Compose(route, own, &shown)
	require.Equal(t, []push.Overwrite{
		{Entry: "service 1", Field: profile.FieldWebsite, Before: push.NotVisible, After: "a"},
		{Entry: "service 2", Field: profile.FieldWebsite, Before: push.NotVisible, After: "a"},
	}, c.Overwrites)
	require.Equal(t, "1", c.Values.Get(profile.FieldPhone))
	require.True(t, c.Urgent, "nobody knows whether the dates are there")
	require.False(t, c.AllShown)
	require.Equal(t, "website differs: service 1 does not show it, service 2 does not show it; it is held. "+
		"State it in the profile, or `push retry FA123 --overwrite`", p.WhyWaits(route, c, &shown))

	c = p.Compose(route, own, nil)
	require.Equal(t, []push.Overwrite{
		{Field: profile.FieldPhone, Before: push.NotVisible},
		{Field: profile.FieldWebsite, Before: push.NotVisible, After: "a"},
	}, c.Overwrites)
	p.SentHash, p.AcceptedHash = profile.Hash{1}, profile.Hash{1}
	p.Sent.Set(profile.FieldDatedOpeningTimes, "2026-03-30 closed")
	require.False(t, p.Compose(route, own, nil).Urgent, "the sink accepted them; the day has passed")
}

// Whatever the entries show: what is stated is sent, and each entry shows afterwards what
// it showed before in every other field, or the composition names the field.
func TestComposeNamesAllThatItOverwrites(t *testing.T) {
	t.Parallel()
	route := likeDoS()
	draw := map[profile.Field]*rapid.Generator[string]{
		profile.FieldPhone:             rapid.SampledFrom([]string{"", "1", "2"}),
		profile.FieldWebsite:           rapid.SampledFrom([]string{"", "a", "b"}),
		profile.FieldOpeningTimes:      rapid.SampledFrom([]string{"", "mon 09:00-17:00"}),
		profile.FieldDatedOpeningTimes: rapid.SampledFrom([]string{"", "2026-04-03 closed"}),
	}
	rapid.Check(t, func(t *rapid.T) {
		entry := func(own string) (v profile.Values) {
			for f, values := range draw {
				v.Set(f, values.Draw(t, f.String()))
			}
			v.Set(profile.FieldServices, rapid.SampledFrom([]string{"", own}).Draw(t, "services"))
			return v
		}
		shown := push.Shown{Entries: []push.Entry{
			{Name: "1", Values: entry("SRV1 A"), NeverShown: []string{"SRV2", "SRV3"}},
			{Name: "2", Values: entry("SRV2 B"), NeverShown: []string{"SRV1", "SRV3"}},
			{Name: "3", Values: entry(""), NeverShown: []string{"SRV1", "SRV2"}, OnlyIfOffered: "SRV3"},
		}}
		var own profile.Values
		for f, values := range draw {
			if rapid.Bool().Draw(t, "stated") {
				own.Set(f, values.Draw(t, "ours"))
			}
		}
		if rapid.Bool().Draw(t, "stated") {
			own.Set(profile.FieldServices, rapid.SampledFrom([]string{"", "SRV2 B", "SRV3 C"}).Draw(t, "ours"))
		}
		p := push.Push{Desired: push.DesiredState{Profile: registered(), Today: today}}
		c := p.Compose(route, own, &shown)
		named := map[push.Overwrite]bool{}
		for _, o := range c.Overwrites {
			named[push.Overwrite{Entry: o.Entry, Field: o.Field}] = true
		}
		for _, f := range route.Fields {
			require.True(t, !own.States(f) || c.Values.Get(f) == own.Get(f), "what is stated is sent")
		}
		for _, f := range route.NotOmitted(own) {
			only := route
			only.Readable = []profile.Field{f}
			filled := c.Values
			for _, e := range shown.ChangedBy(c.Values) {
				e.NeverShown = append(e.NeverShown, "SRV1")
				e.Values.Set(profile.FieldServices, e.Values.Get(profile.FieldServices))
				if f == profile.FieldServices && e.Name == "1" {
					e.Values.Set(f, "")
				}
				same := len(push.Differences(only, filled, push.Shown{Entries: []push.Entry{e}}, today)) == 0
				require.Equal(t, !same, named[push.Overwrite{Entry: e.Name, Field: f}], "%s of %s", f, e.Name)
			}
		}
	})
}
