package peoplestore_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

const (
	benchPeople = 20_000
	// benchSelect is how long it may take to find out which letters are due to
	// whom (must hold 7).
	benchSelect = 2 * time.Second
	// benchPace is the maximum number of letters sent per second; sending without
	// a pace must be several times as fast, so that the pace is the only limit.
	benchPace, benchSpare = 40, 5
	benchLetters          = 4_000
)

// BenchmarkReminders has 20,000 people of 12,000 organisations due on one day:
// selecting them, making their letters due, and sending a part of them without a
// pace.
func BenchmarkReminders(b *testing.B) {
	database := pgtest.New(b)
	store, db := peoplestore.New(database.DB), database.SQL
	for _, statement := range []string{
		`insert into profile (code, name, type, icb) select 'F' || to_char(n, 'FM00000'), 'Pharmacy ' || n, 'pharmacy', 'QAA'
			from generate_series(1, 12000) n`,
		`insert into account (email, name, state) select 'p' || n || '@example.nhs.uk', 'Person ' || n, 'active'
			from generate_series(1, 20000) n`,
		`insert into membership (account_id, code, role)
			select n, 'F' || to_char(1 + n % 12000, 'FM00000'), case when n <= 12000 then 'account-manager' else 'editor' end
			from generate_series(1, 20000) n`,
		`insert into section_checked (code, section, at) select code, s, '2026-10-05'
			from profile, unnest('{contact,services,facilities}'::text[]) s`,
		"analyze",
	} {
		_, err := db.Exec(b.Context(), statement)
		require.NoError(b, err)
	}
	today := profile.NewDate(2026, time.December, 3)
	reminders := &peoplejobs.Reminders{
		People: store, Calendar: store, Rules: people.DefaultCheckRules(), Now: func() time.Time { return today.Time().Add(9 * time.Hour) },
	}
	sender := &peoplejobs.MailSender{
		Turn: func(context.Context) error { return nil },
		Open: func(ctx context.Context) (peoplejobs.Outbox, error) { return store.Outbox(ctx) }, Busy: peoplestore.ErrMailBusy,
		Workers: 20, PerDay: 3, Observe: func(people.LetterKind, people.LetterState) {},
		Composer: func(ctx context.Context) (people.Composer, error) {
			world, err := reminders.Reminding(ctx)
			return people.Composer{ReminderContext: world, SignIn: "https://x.example"}, err
		},
	}
	for b.Loop() {
		_, err := db.Exec(b.Context(), "delete from letter")
		require.NoError(b, err)
		selected, began := 0, time.Now()
		require.NoError(b, reminders.Plan(b.Context(), nil, func(due []people.Reminder) error {
			selected += len(due)
			return nil
		}))
		selecting := time.Since(began)
		require.Equal(b, benchPeople, selected)
		began = time.Now()
		_, err = reminders.MakeDue(b.Context())
		require.NoError(b, err)
		making := time.Since(began)
		service := &service{lookup: true, version: 1}
		service.fails = func(nth int, _ string) (bool, error) {
			if nth >= benchLetters {
				return false, &people.MailError{Answer: people.MailPause, Wait: time.Millisecond}
			}
			return true, nil
		}
		sender.Mailer = service
		began = time.Now()
		sent, _, err := sender.Deliver(b.Context())
		require.NoError(b, err)
		perSecond := float64(sent) / time.Since(began).Seconds()
		b.ReportMetric(selecting.Seconds(), "select-s")
		b.ReportMetric(making.Seconds(), "make-due-s")
		b.ReportMetric(perSecond/benchPace, "of-pace")
		require.Less(b, selecting, benchSelect)
		require.Greater(b, perSecond, float64(benchPace*benchSpare), "the pace is the only limit")
	}
}
