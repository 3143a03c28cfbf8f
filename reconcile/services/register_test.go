package services_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// We ask e-RS for proof only if the service was already missing on an earlier day.
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

// The entry keeps the credential that last saw the service while none can see it.
func TestASightingRemembersWhoSawTheService(t *testing.T) {
	t.Parallel()
	service := ersService("1", "Clinic", "R0A01")
	entry := services.Entry{ID: "1", State: services.Known, Specialty: "Cardiology"}
	see := func(credential string) services.Answer {
		return services.Answer{ID: "1", Outcome: services.OutcomeFound, Credential: credential, Service: service}
	}
	sighting, news := entry.Sighting(see("ours"), ersDay(1))
	require.True(t, news)
	require.Equal(t, services.Entry{
		ID: "1", State: services.Active, Credential: "ours", Version: "1", Hash: service.Hash(), Specialty: "Cardiology",
	}, sighting.Entry)
	require.Equal(t, service, *sighting.Service)
	again, news := sighting.Sighting(see("theirs"), ersDay(2))
	require.True(t, news, "another credential sees it now")
	require.Equal(t, "theirs", again.Credential)
	require.Nil(t, again.Service, "its facts have not changed")
	hidden, _ := again.Sighting(services.Answer{ID: "1", Outcome: services.OutcomeNotVisible, Credential: "nobody"}, ersDay(3))
	require.Equal(t, "theirs", hidden.Credential)
	require.Equal(t, service.Hash(), hidden.Hash)
}

// For any sequence of answers: a service is gone only if e-RS says that it does not
// know it on a later day than the first absence, and any sighting makes it active.
func TestEntriesOverManyDays(t *testing.T) {
	t.Parallel()
	service := ersService("1", "Clinic", "R0A01")
	rapid.Check(t, func(t *rapid.T) {
		entry, day := services.Entry{ID: "1", State: services.Known}, 1
		for range rapid.IntRange(1, 12).Draw(t, "answers") {
			day += rapid.IntRange(0, 2).Draw(t, "days later")
			answer := services.Answer{ID: "1", Outcome: rapid.SampledFrom([]services.Outcome{
				services.OutcomeFound, services.OutcomeAbsent, services.OutcomeAbsent, services.OutcomeUnknown,
				services.OutcomeNotVisible, services.OutcomeUnreadable,
			}).Draw(t, "outcome")}
			if answer.Outcome == services.OutcomeFound {
				answer.Service = service
			}
			sighting, news := entry.Sighting(answer, ersDay(day))
			again, isNews := sighting.Sighting(answer, ersDay(day))
			require.Equal(t, sighting.Entry, again.Entry, "the same answer on the same day changes nothing")
			require.False(t, isNews)
			require.Equal(t, news, sighting.Entry != entry || sighting.Service != nil)
			if sighting.State == services.Gone && entry.State != services.Gone {
				require.Equal(t, services.OutcomeUnknown, answer.Outcome)
				require.Equal(t, services.Missing, entry.State)
				require.True(t, entry.MissingSince.Before(ersDay(day)))
			}
			if entry.State == services.Gone && answer.Outcome != services.OutcomeFound {
				require.Equal(t, entry, sighting.Entry, "only a sighting brings it back")
			}
			if sighting.State == services.Active {
				require.True(t, sighting.MissingSince.IsZero())
			}
			unread := entry.State == services.Known && answer.Outcome == services.OutcomeUnreadable
			require.Equal(t, unread, sighting.State == services.Known, "known lasts only until the first readable answer")
			entry = sighting.Entry
		}
	})
}
