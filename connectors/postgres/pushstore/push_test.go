package pushstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// load loads pushes as a job does, on a day of April.
func (w *world) load(sink push.Sink, on int, codes ...profile.ODSCode) []push.Push {
	w.Helper()
	pushes, err := w.store.LoadPushes(w.Context(), sink, codes, day(on))
	require.NoError(w, err)
	require.Len(w, pushes, len(codes))
	return pushes
}

func nothingToComplete(context.Context, pgx.Tx, []int64) error { return nil }

// carry gives a push to a job, unless it already has one, as if that job had sent
// it under a number; 0 keeps the number. It returns both.
func (w *world) carry(sink push.Sink, code profile.ODSCode, number int64) (job, sequence int64) {
	w.Helper()
	require.NoError(w, w.SQL.QueryRow(w.Context(), `update push
		set job_id = coalesce(job_id, 99), sequence = coalesce(nullif($3::bigint, 0), sequence)
		where sink = $1 and code = $2 returning job_id, sequence`, string(sink), string(code), number).Scan(&job, &sequence))
	return job, sequence
}

// settles records outcomes of pushes to DoS on behalf of the jobs that carry
// them.
func (w *world) settles(outcomes ...push.Outcome) {
	w.Helper()
	for i := range outcomes {
		outcomes[i].Job, outcomes[i].Sequence = w.carry(push.SinkDoS, outcomes[i].Code, outcomes[i].Sequence)
	}
	stand, err := w.store.RecordOutcomes(w.Context(), push.SinkDoS, outcomes, nothingToComplete)
	require.NoError(w, err)
	require.NotContains(w, stand, false)
}

// stages numbers pushes of profiles on behalf of the jobs that carry them.
func (w *world) stages(sink push.Sink, above int64, codes ...profile.ODSCode) []int64 {
	w.Helper()
	staged := make([]push.Staged, len(codes))
	for i, code := range codes {
		job, last := w.carry(sink, code, 0)
		staged[i] = push.Staged{Code: code, Job: job, Last: last, Above: above, Hash: profile.Hash{1}}
		staged[i].Sent.Set(profile.FieldName, "A")
	}
	numbers, err := w.store.StagePushes(w.Context(), sink, staged)
	require.NoError(w, err)
	return numbers
}

func TestAPushIsLoadedWhole(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy)
	w.Exec(`update profile set address = '{1 High Street,Leeds}', postcode = 'LS1 1AA', roles = '{RO177,RO76}', status = 'dormant',
		icb = 'QWO', phone = '111', email = 'a@b.uk', website = 'https://b.uk', hidden = true`)
	w.Exec(`insert into opening_period (code, day, opens, closes) values ('FA0000', 'sun', '10:00', '12:00'),
		('FA0000', 'bank-holiday', '10:00', '12:00'),
		('FA0000', 'mon', '13:00', '17:30'), ('FA0000', 'mon', '09:00', '12:00'), ('FA0000', 'fri', '22:00', '02:00'),
		('FA0000', 'tue', '00:00', '00:00')`)
	w.Exec(`insert into dated_opening_period (code, date, opens, closes) values ('FA0000', '2025-12-26', '14:00', '16:00'),
		('FA0000', '2025-12-26', '09:00', '12:00'), ('FA0000', '2025-12-25', null, null), ('FA0000', '2025-01-01', null, null)`)
	w.Exec("insert into facility (code, name, value) values ('FA0000', 'Wheelchair access', 'Yes'), ('FA0000', 'Parking', 'No')")
	w.Exec(`insert into service (code, source, external_id, nhs_code, name) values
		('FA0000', 'editor', null, 'SRV0560', 'Blood pressure check'),
		('FA0000', 'editor', null, '', 'Travel clinic'), ('FA0000', 'ers', '7', '', 'Feet')`)
	values := w.load(push.SinkDoS, 1, "FA0000")[0].Desired.Profile.Values
	for field, want := range map[profile.Field]string{
		profile.FieldAddress: "1 High Street\nLeeds", profile.FieldRoles: "RO177|RO76", profile.FieldStatus: "dormant",
		profile.FieldPhone: "111", profile.FieldEmail: "a@b.uk", profile.FieldWebsite: "https://b.uk", profile.FieldHidden: "true",
		profile.FieldType: "pharmacy", profile.FieldICB: "QWO", profile.FieldPostcode: "LS1 1AA", profile.FieldName: "A",
		profile.FieldOpeningTimes: "mon 09:00-12:00\nmon 13:00-17:30\ntue 00:00-00:00\nfri 22:00-02:00\n" +
			"sun 10:00-12:00\nbank-holiday 10:00-12:00",
		profile.FieldDatedOpeningTimes: "2025-01-01 closed\n2025-12-25 closed\n2025-12-26 09:00-12:00\n2025-12-26 14:00-16:00",
		profile.FieldFacilities:        "Parking: No\nWheelchair access: Yes",
		profile.FieldServices:          "- Travel clinic\nSRV0560 Blood pressure check",
	} {
		require.Equal(t, want, values.Get(field), field.String())
	}
	weekly, dated := values.Get(profile.FieldOpeningTimes), values.Get(profile.FieldDatedOpeningTimes)
	_, err := profile.ParseWeek(weekly)
	require.NoError(t, err)
	_, err = profile.ParseDated(dated)
	require.NoError(t, err)
	publicWeek, publicDates := profile.PublicHours(weekly, dated, day(1))
	require.NotContains(t, publicDates, "2025-01-01")
	againWeek, againDates := profile.PublicHours(publicWeek, publicDates, day(1))
	require.Equal(t, [2]string{publicWeek, publicDates}, [2]string{againWeek, againDates})
}

func TestAnEmptyProfileIsLoadedEmpty(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy)
	p := w.load(push.SinkDoS, 1, "FA0000")[0]
	for _, field := range []profile.Field{
		profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes, profile.FieldFacilities, profile.FieldServices,
	} {
		require.Empty(t, p.Desired.Profile.Values.Get(field))
	}
	require.Empty(t, p.Desired.Edited)
	require.Empty(t, p.Desired.Held)
	require.Zero(t, p.AcceptedHash)
	nobody, err := w.store.LoadPushes(t.Context(), push.SinkDoS, []profile.ODSCode{"FA0009"}, day(1))
	require.NoError(t, err)
	require.Empty(t, nobody)
}

func TestOnlyPeopleEdit(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy)
	at := func(when string) { w.Exec("set profilesync.now = '" + when + "'") }
	at("2025-03-01T10:00:00Z")
	w.Exec("update profile set phone = '111', name = 'B'") // the name is not theirs
	w.Exec("insert into facility (code, name, value) values ('FA0000', 'Parking', 'No')")
	at("2025-03-02T10:00:00.25Z")
	w.Exec("update profile set phone = '222'")
	at("2025-03-03T10:00:00Z")
	w.Exec("set profilesync.run = '7'")
	w.Exec("update profile set phone = '333', website = 'https://b.uk'")
	require.Equal(t, map[profile.Field]time.Time{
		profile.FieldPhone:      time.Date(2025, 3, 2, 10, 0, 0, 250_000_000, time.UTC),
		profile.FieldFacilities: time.Date(2025, 3, 1, 10, 0, 0, 0, time.UTC),
	}, inUTC(w.load(push.SinkDoS, 1, "FA0000")[0].Desired.Edited))
}

func inUTC(times map[profile.Field]time.Time) map[profile.Field]time.Time {
	for field, at := range times {
		times[field] = at.UTC()
	}
	return times
}

func TestSequenceNumbersOnlyGrow(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy, profile.Pharmacy)
	before := time.Now().Add(-time.Minute).UnixMilli()
	first := w.stages(push.SinkDoS, 0, "FA0001", "FA0000")
	require.Len(t, first, 2)
	require.Greater(t, first[1], before, "beyond what the sinks remember of others")
	second := w.stages(push.SinkWebsite, 0, "FA0000")
	require.Greater(t, second[0], first[1], "over all sinks")
	floor := time.Now().Add(time.Hour).UnixMilli()
	third := w.stages(push.SinkDoS, floor, "FA0000")
	require.Equal(t, floor+1, third[0], "above the sink's own")
	require.Equal(t, floor+2, w.stages(push.SinkWebsite, 0, "FA0000")[0])
	nobody, err := w.store.StagePushes(t.Context(), push.SinkDoS, []push.Staged{{Code: "FA0009", Job: 99}})
	require.NoError(t, err)
	require.Equal(t, []int64{0}, nobody, "nobody wants it")

	push := w.load(push.SinkDoS, 1, "FA0000")[0]
	require.Equal(t, floor+1, push.Sequence)
	require.Equal(t, "A", push.Sent.Get(profile.FieldName))
	require.False(t, push.Sent.States(profile.FieldPhone))
	require.Equal(t, profile.Hash{1}, push.SentHash)
	require.True(t, push.Unclear, "until its outcome is recorded")
}

// settledColumns are the columns that a settlement sets: route, state, due in
// minutes, forced, failures, reason, unclear, accepted sequence, version.
const settledColumns = `select concat_ws(' ', route, state, round(extract(epoch from due_at - now()) / 60), forced, failures,
	'[' || reason || ']', unclear, accepted_sequence, version) from push where code = 'FA0000' and sink = 'dos'`

func TestSettlingAPush(t *testing.T) {
	t.Parallel()
	const taken = "update push set accepted_own = '\\x01', accepted_sequence = 5, version = 'v1', forced = true, unclear = true, " +
		"failures = 1, job_id = 1, due_at = null, state = 'wanted'"
	hash := profile.Hash{9}
	cases := map[string]struct {
		before, want string // SQL beyond taken
		outcome      push.Outcome
		attempts     []string
	}{
		"accepted": {
			"", "change-event accepted f 0 [] f 6 v2",
			push.Outcome{
				State: "accepted", Attempt: "accepted", Status: 200, Sequence: 6, AcceptedHash: hash, AcceptedSequence: 6, Version: "v2",
			},
			[]string{"6 1500 accepted 200 []"},
		},
		"nothing differed": {
			"", "change-event accepted f 0 [] f 5 v1", push.Outcome{State: "accepted", Sequence: 5, Version: "v9"}, nil,
		},
		"seen": {
			"", "change-event accepted f 0 [] f 6 v2",
			push.Outcome{State: "accepted", Attempt: "seen", Sequence: 6, AcceptedHash: hash, AcceptedSequence: 6, Version: "v2"},
			[]string{"6 1500 seen 0 []"},
		},
		"refused": {
			"", "change-event refused f 2 [bad postcode] f 5 v1",
			push.Outcome{
				State: "refused", Attempt: "refused", Status: 422, Sequence: 6, Failures: 2, Reason: "bad postcode", Version: "v9",
			},
			[]string{"6 1500 refused 422 [bad postcode]"},
		},
		"told to wait": {
			"", "change-event wanted 60 t 2 [slow down] f 5 v1",
			push.Outcome{State: "wanted", Attempt: "later", Status: 429, Sequence: 6, Failures: 2, Reason: "slow down", Wait: time.Hour},
			[]string{"6 1500 later 429 [slow down]"},
		},
		"told to wait, and changed": {
			"update push set due_at = now()", "change-event wanted 60 t 2 [] f 5 v1",
			push.Outcome{State: "wanted", Attempt: "later", Sequence: 6, Failures: 2, Wait: time.Hour},
			[]string{"6 1500 later 0 []"},
		},
		"told to wait, and settling longer": {
			"update push set due_at = now() + interval '2 h'", "change-event wanted 120 t 2 [] f 5 v1",
			push.Outcome{State: "wanted", Attempt: "later", Sequence: 6, Failures: 2, Wait: time.Hour},
			[]string{"6 1500 later 0 []"},
		},
		"unclear": {
			"", "change-event wanted 0 t 2 [] t 5 v1",
			push.Outcome{State: "wanted", Attempt: "unclear", Sequence: 6, Failures: 2, Unclear: true},
			[]string{"6 1500 unclear 0 []"},
		},
		"paused": {"", "change-event wanted 0 t 1 [] t 5 v1", push.Outcome{State: "wanted", Failures: 1, Unclear: true}, nil},
		"held":   {"", "change-event held f 0 [] f 5 v1", push.Outcome{State: "held"}, nil},
		"no route": {
			"", " no-route f 0 [] f 5 v1", push.Outcome{State: "no-route", Route: "-"}, nil,
		},
		"refused, and changed": {
			"update push set due_at = now() + interval '10 min'", "change-event wanted 10 t 2 [bad] f 5 v1",
			push.Outcome{State: "refused", Attempt: "refused", Sequence: 6, Failures: 2, Reason: "bad"},
			[]string{"6 1500 refused 0 [bad]"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := wanting(t, profile.Pharmacy)
			w.Exec(taken)
			w.Exec(c.before + ";")
			c.outcome.Code, c.outcome.Duration = "FA0000", 1500*time.Millisecond
			switch c.outcome.Route {
			case "":
				c.outcome.Route = "change-event"
			default:
				c.outcome.Route = ""
			}
			w.settles(c.outcome)
			require.Equal(t, c.want, pgtest.One[string](w.Database, settledColumns))
			require.True(t, pgtest.One[bool](w.Database, "select job_id is null from push where sink = 'dos'"))
			require.Equal(t, 1, pgtest.One[int](w.Database,
				"select count(*) from push where sink = 'website' and job_id = 1"), "the other sink is not affected")
			require.ElementsMatch(t, c.attempts,
				pgtest.All[string](w.Database, "select concat_ws(' ', sequence, took_ms, answer, status, '[' || reason || ']') from push_attempt"))
			if c.outcome.AcceptedHash != (profile.Hash{}) {
				require.Equal(t, hash, w.load(push.SinkDoS, 1, "FA0000")[0].AcceptedHash)
			}
		})
	}
}

func TestSettlingEndsTogetherWithTheJob(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy)
	w.queue(10)
	gone := errors.New("the job is gone")
	outcome := push.Outcome{Code: "FA0000", Job: 1, Route: "change-event", State: push.Accepted, Attempt: "accepted"}
	_, err := w.store.RecordOutcomes(t.Context(), push.SinkDoS, []push.Outcome{outcome},
		func(context.Context, pgx.Tx, []int64) error { return gone })
	require.ErrorIs(t, err, gone)
	require.Equal(t, []string{"FA0000 dos wanted", "FA0000 website wanted"}, w.standing("job_id is not null"))
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from push_attempt"))
}

func TestAWaitOutlastsLaterEdits(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy)
	w.queue(10)
	w.settles(push.Outcome{Code: "FA0000", Route: "change-event", State: push.Wanted, Attempt: "later", Wait: time.Hour})
	w.Exec("update profile set hidden = true")
	w.dispatch()
	require.True(t, pgtest.One[bool](w.Database,
		"select due_at > now() + interval '59 min' from push where sink = 'dos'"), "the sink asked for it")
	require.Empty(t, w.queue(10))
	_, err := w.store.ForcePushes(t.Context(), []profile.ODSCode{"FA0000"}, []push.Sink{push.SinkDoS}, false, "jo")
	require.NoError(t, err)
	require.Len(t, w.queue(10), 1, "a person overrides the wait")
}

// What waits until the sink can be read asks nobody to wait: a later edit may not need it.
func TestAWaitForReadingEndsWithALaterEdit(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy)
	w.queue(10)
	w.settles(push.Outcome{
		Code: "FA0000", Route: "change-event", State: push.Wanted, Attempt: push.AttemptUnread, Reason: "cannot read", Wait: time.Hour,
	})
	require.Equal(t, "cannot read", pgtest.One[string](w.Database,
		"select reason from push where sink = 'dos' and due_at > now() + interval '59 min'"))
	w.Exec("update profile set hidden = true")
	w.dispatch()
	require.Len(t, w.queue(10), 1)
	w.Exec("update push set due_at = now() where sink = 'dos'") // it changed while its job was working
	w.settles(push.Outcome{Code: "FA0000", Route: "change-event", State: push.Wanted, Attempt: push.AttemptUnread, Wait: time.Hour})
	require.Len(t, w.queue(10), 1)
}

func TestForcingPushes(t *testing.T) {
	t.Parallel()
	w := resting(t, profile.Pharmacy, profile.Trust)
	w.Exec("update push set state = 'refused', failures = 4, repairs = 2 where sink = 'dos' and code = 'FA0000'")
	forced, err := w.store.ForcePushes(t.Context(), []profile.ODSCode{"FA0000", "FA0001"}, []push.Sink{push.SinkDoS}, false, "jo")
	require.NoError(t, err)
	require.Equal(t, []pushstore.ForcedPush{{Code: "FA0000", Sink: push.SinkDoS, State: push.Wanted}}, forced)
	require.Equal(t, []string{"FA0000 dos wanted 0"}, w.standing("state = 'wanted'"))
	require.Equal(t, 0, pgtest.One[int](w.Database, "select failures + repairs from push where sink = 'dos' and code = 'FA0000'"))
	require.True(t, pgtest.One[bool](w.Database, "select wanted_at > '2025-06-01' from push where state = 'wanted'"), "wanted since now")
	require.True(t, w.load(push.SinkDoS, 1, "FA0000")[0].Forced)

	w.queue(10)
	_, err = w.store.ForcePushes(t.Context(), []profile.ODSCode{"FA0000"}, []push.Sink{push.SinkDoS}, false, "jo")
	require.NoError(t, err)
	accepted := push.Outcome{Code: "FA0000", Route: "change-event", State: push.Accepted}
	w.settles(accepted)
	require.True(t, w.load(push.SinkDoS, 1, "FA0000")[0].Forced, "the job under way had begun before")
	w.queue(10)
	w.settles(accepted)
	require.False(t, w.load(push.SinkDoS, 1, "FA0000")[0].Forced, "once")
}

func TestListingAndCountingPushes(t *testing.T) {
	t.Parallel()
	w := wanting(t, profile.Pharmacy, profile.Trust)
	w.Exec(`update push set state = 'refused', reason = 'bad', due_at = null, wanted_at = now() + interval '1 s'
		where sink = 'website' and code = 'FA0000'`)
	list := func(f pushstore.PushFilter) (found []string) {
		f.Most = max(f.Most, 1)
		pushes, err := w.store.Pushes(t.Context(), f)
		require.NoError(t, err)
		for _, p := range pushes {
			found = append(found, fmt.Sprintf("%s %s %s %s%s", p.Code, p.Sink, p.State, p.Name, p.Reason))
		}
		return found
	}
	require.Equal(t, []string{"FA0000 website refused Abad"}, list(pushstore.PushFilter{}), "the most recently wanted")
	require.Len(t, list(pushstore.PushFilter{Most: 10}), 4)
	require.Equal(t, []string{"FA0000 dos wanted A"}, list(pushstore.PushFilter{State: push.Wanted, Most: 10}))
	require.Equal(t, []string{"FA0000 dos wanted A", "FA0001 dos no-route A"}, list(pushstore.PushFilter{Sink: push.SinkDoS, Most: 10}))
	require.Len(t, list(pushstore.PushFilter{Code: "FA0001", Most: 10}), 2)

	counts, err := w.store.CountPushes(t.Context())
	require.NoError(t, err)
	for i := range counts {
		counts[i].Route = ""
	}
	require.Equal(t, "[{dos no-route  1} {dos wanted  1} {website no-route  1} {website refused  1}]", fmt.Sprint(counts))
}
