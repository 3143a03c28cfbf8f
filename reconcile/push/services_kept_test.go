package push_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// One row without Z-codes does not open a place that DoS closed.
func TestAServiceThatCannotBeReadOpensNoOther(t *testing.T) {
	t.Parallel()
	p := push.Push{Desired: push.DesiredState{Profile: registered(), Today: today}}
	p.Sent = stated(map[profile.Field]string{profile.FieldServices: "SRV2 B"}) // sent back when service 2 was open
	shown := &push.Shown{Entries: []push.Entry{
		{Name: "service 1", NotVisible: []profile.Field{profile.FieldServices}, NeverShown: []string{"SRV2", "SRV3"}},
		{
			Name: "service 2", Values: stated(map[profile.Field]string{profile.FieldPhone: "9", profile.FieldServices: ""}),
			NeverShown: []string{"SRV1", "SRV3"}, OnlyIfOffered: "SRV2",
		},
	}}
	own := stated(map[profile.Field]string{
		profile.FieldWebsite: "a", profile.FieldPhone: "1", profile.FieldDatedOpeningTimes: "2026-03-31 closed",
	})
	c := p.Compose(likeDoS(), own, shown)
	t.Logf("services sent %q, overwrites %+v urgent %v", c.Values.Get(profile.FieldServices), c.Overwrites, c.Urgent)
	if c.Values.Get(profile.FieldServices) != "" {
		found := false
		for _, o := range c.Overwrites {
			found = found || o.Entry == "service 2"
		}
		require.True(t, found, "service 2 is opened and changed, and not recorded")
	}
}

// A service that cannot be read stays as it was sent last; if that changes an entry, the
// entry is among those that the push overwrites. What another entry shows of its own
// service counts, whatever was sent.
func TestServicesStayWhereTheyCannotBeRead(t *testing.T) {
	t.Parallel()
	const offered = profile.FieldServices
	unreadable := push.Entry{Name: "service 1", NotVisible: []profile.Field{offered}, NeverShown: []string{"SRV1", "SRV3"}}
	closed := push.Entry{
		Name: "service 2", Values: stated(map[profile.Field]string{profile.FieldPhone: "9"}), NotVisible: []profile.Field{offered},
		NeverShown: []string{"SRV1", "SRV3"}, OnlyIfOffered: "SRV2",
	}
	other := push.Entry{
		Name: "service 3", Values: stated(map[profile.Field]string{offered: "SRV3 C"}), NeverShown: []string{"SRV1", "SRV2"},
	}
	own := stated(map[profile.Field]string{profile.FieldWebsite: "a", profile.FieldPhone: "1", profile.FieldDatedOpeningTimes: ""})
	for name, c := range map[string]struct {
		entries []push.Entry
		sent    string
		want    string
		lost    []string
	}{
		"as sent last":         {[]push.Entry{unreadable, other}, "SRV2 B", "SRV2 B\nSRV3 C", []string{"service 1"}},
		"opened, and recorded": {[]push.Entry{closed, other}, "SRV2 B", "SRV2 B\nSRV3 C", []string{"service 2"}},
		"not sent last":        {[]push.Entry{closed, other}, "", "SRV3 C", nil},
		"shown, not as sent":   {[]push.Entry{other}, "SRV1 A\nSRV2 B", "SRV3 C", nil},
		"nothing is shown":     {nil, "SRV2 B", "SRV2 B", nil},
		"nothing is readable":  {[]push.Entry{unreadable}, "SRV2 B", "SRV2 B", []string{"service 1"}},
	} {
		p := push.Push{Desired: push.DesiredState{Profile: registered(), Today: today}}
		p.Sent = stated(map[profile.Field]string{offered: c.sent})
		got := p.Compose(likeDoS(), own, &push.Shown{Entries: c.entries})
		require.Equal(t, c.want, got.Values.Get(offered), name)
		var lost []string
		for _, o := range got.Overwrites {
			lost = append(lost, o.Entry)
		}
		require.Equal(t, c.lost, lost, name)
	}
}
