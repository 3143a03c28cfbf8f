package services_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// e-RS is asked for its own word only where another day saw the service missing.
func TestWhatNeedsProof(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state services.State
		since profile.Date
		want  bool
	}{
		"missing since yesterday":     {services.Missing, ersDay(4), true},
		"missing for a month":         {services.Missing, ersDay(-25), true},
		"missing since today":         {services.Missing, ersDay(5), false},
		"missing since tomorrow":      {services.Missing, ersDay(6), false},
		"active":                      {services.Active, profile.Date{}, false},
		"known":                       {services.Known, profile.Date{}, false},
		"not visible":                 {services.NotVisible, profile.Date{}, false},
		"hidden since it was missing": {services.NotVisible, ersDay(4), false},
		"gone":                        {services.Gone, ersDay(1), false},
	} {
		entry := services.Entry{ID: "1", State: c.state, MissingSince: c.since}
		require.Equal(t, c.want, entry.NeedsProof(ersDay(5)), name)
	}
}

// A service is seen by a credential, which is remembered while it cannot be seen.
func TestALookRemembersWhoSawTheService(t *testing.T) {
	t.Parallel()
	service := ersService("1", "Clinic", "R0A01")
	entry := services.Entry{ID: "1", State: services.Known, Specialty: "Cardiology"}
	see := func(credential string) services.Answer {
		return services.Answer{ID: "1", Outcome: services.OutcomeFound, Credential: credential, Service: service}
	}
	look, news := entry.Sighting(see("ours"), ersDay(1))
	require.True(t, news)
	require.Equal(t, services.Entry{
		ID: "1", State: services.Active, Credential: "ours", Version: "1", Hash: service.Hash(), Specialty: "Cardiology",
	}, look.Entry)
	require.Equal(t, service, *look.Service)
	again, news := look.Sighting(see("theirs"), ersDay(2))
	require.True(t, news, "another credential sees it now")
	require.Equal(t, "theirs", again.Credential)
	require.Nil(t, again.Service, "its facts are those we hold")
	hidden, _ := again.Sighting(services.Answer{ID: "1", Outcome: services.OutcomeNotVisible, Credential: "nobody"}, ersDay(3))
	require.Equal(t, "theirs", hidden.Credential)
	require.Equal(t, service.Hash(), hidden.Hash)
}

// Through any weeks of answers: only e-RS's own word on a later day than the one
// of the first absence makes a service gone, and a sight of it ends everything.
func TestALifeOfAnEntry(t *testing.T) {
	t.Parallel()
	service := ersService("1", "Clinic", "R0A01")
	rapid.Check(t, func(t *rapid.T) {
		entry, day := services.Entry{ID: "1", State: services.Known}, 1
		for range rapid.IntRange(1, 12).Draw(t, "looks") {
			day += rapid.IntRange(0, 2).Draw(t, "days later")
			answer := services.Answer{ID: "1", Outcome: rapid.SampledFrom([]services.Outcome{
				services.OutcomeFound, services.OutcomeAbsent, services.OutcomeAbsent, services.OutcomeUnknown,
				services.OutcomeNotVisible, services.OutcomeUnreadable,
			}).Draw(t, "outcome")}
			if answer.Outcome == services.OutcomeFound {
				answer.Service = service
			}
			look, news := entry.Sighting(answer, ersDay(day))
			again, isNews := look.Sighting(answer, ersDay(day))
			require.Equal(t, look.Entry, again.Entry, "the same answer on the same day says nothing more")
			require.False(t, isNews)
			require.Equal(t, news, look.Entry != entry || look.Service != nil)
			if look.State == services.Gone && entry.State != services.Gone {
				require.Equal(t, services.OutcomeUnknown, answer.Outcome)
				require.Equal(t, services.Missing, entry.State)
				require.True(t, entry.MissingSince.Before(ersDay(day)))
			}
			if entry.State == services.Gone && answer.Outcome != services.OutcomeFound {
				require.Equal(t, entry, look.Entry, "nothing but a sight brings it back")
			}
			if look.State == services.Active {
				require.True(t, look.MissingSince.IsZero())
			}
			unread := entry.State == services.Known && answer.Outcome == services.OutcomeUnreadable
			require.Equal(t, unread, look.State == services.Known, "any other answer says something, and nothing takes that back")
			entry = look.Entry
		}
	})
}
