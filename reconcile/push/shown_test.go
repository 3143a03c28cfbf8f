package push_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// services is a sink with three entries: the second shows SRV2 alone, and no push
// changes the third unless it offers SRV3.
func services(first, second, third map[profile.Field]string) push.Shown {
	return push.Shown{Entries: []push.Entry{
		{Name: "service 1", Values: stated(first), NeverShown: []string{"SRV2", "SRV3"}},
		{Name: "service 2", Values: stated(second), NeverShown: []string{"SRV1", "SRV3"}},
		{Name: "service 3", Values: stated(third), NeverShown: []string{"SRV1", "SRV2"}, OnlyIfOffered: "SRV3"},
	}}
}

// No entry speaks for another.
func TestEachEntryIsComparedByItself(t *testing.T) {
	t.Parallel()
	type values = map[profile.Field]string
	phone, offered := profile.FieldPhone, profile.FieldServices
	for name, c := range map[string]struct {
		own                  values
		first, second, third values
		want                 []push.Difference
	}{
		"all the same": {own: values{phone: "1"}, first: values{phone: "1"}, second: values{phone: "1"}},
		"the first is right, the second is not": {
			own: values{phone: "1"}, first: values{phone: "1"}, second: values{phone: "2"},
			want: []push.Difference{{Entry: "service 2", Field: phone, Want: "1", Shown: "2"}},
		},
		"both are wrong": {
			own: values{phone: "1"}, first: values{phone: "3"}, second: values{phone: "2"},
			want: []push.Difference{
				{Entry: "service 1", Field: phone, Want: "1", Shown: "3"}, {Entry: "service 2", Field: phone, Want: "1", Shown: "2"},
			},
		},
		"not stated": {own: values{}, first: values{phone: "1"}, second: values{phone: "2"}},
		"the third is left alone": {
			own: values{phone: "1", offered: "SRV1 A"}, first: values{phone: "1", offered: "SRV1 A"}, second: values{phone: "1"},
			third: values{phone: "9"},
		},
		"the third is offered": {
			own: values{phone: "1", offered: "SRV3 C"}, first: values{phone: "1"}, second: values{phone: "1"}, third: values{phone: "9"},
			want: []push.Difference{
				{Entry: "service 3", Field: phone, Want: "1", Shown: "9"}, {Entry: "service 3", Field: offered, Want: "SRV3 C"},
			},
		},
		"each shows its own service": {
			own: values{offered: "SRV1 A\nSRV2 B"}, first: values{offered: "SRV1 A"}, second: values{offered: "SRV2 B"},
		},
		"one lost its own service": {
			own: values{offered: "SRV1 A\nSRV2 B"}, first: values{offered: "SRV1 A"}, second: values{offered: ""},
			want: []push.Difference{{Entry: "service 2", Field: offered, Want: "SRV2 B"}},
		},
	} {
		p := push.Push{Desired: push.DesiredState{Profile: registered(), Today: today}, Sent: stated(c.own)}
		route, shown := routeOf(phone, offered), services(c.first, c.second, c.third)
		require.Equal(t, c.want, push.Differences(route, p.Sent, shown, today), name)
		require.Equal(t, len(c.want) == 0, p.HasArrived(route, p.Sent, shown), "%s: what was sent has arrived if every entry shows it", name)
	}
}

func TestDriftNamesTheEntry(t *testing.T) {
	t.Parallel()
	route := routeOf(profile.FieldPhone)
	p := pushOf(map[profile.Field]string{profile.FieldPhone: "0113 1"})
	right, wrong := map[profile.Field]string{profile.FieldPhone: "01131"}, map[profile.Field]string{profile.FieldPhone: "0113 2"}
	drifted, ok := p.Drift(route, services(right, wrong, wrong))
	require.True(t, ok)
	require.Equal(t, []push.Difference{
		{Entry: "service 2", Field: profile.FieldPhone, Want: "0113 1", Shown: "0113 2"},
	}, drifted.Differences)
}
