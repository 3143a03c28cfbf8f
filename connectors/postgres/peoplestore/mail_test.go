package peoplestore_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// service is these tests' fake mail service.
type service struct {
	mutex   sync.Mutex
	lookup  bool
	version int
	sent    []string // references it accepted
	fails   func(nth int, reference string) (taken bool, err error)
	before  func(reference string)
	asked   int
}

func (s *service) Lookup() bool { return s.lookup }

func (s *service) Find(_ context.Context, reference string) (people.Acceptance, bool, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return people.Acceptance{ID: reference, Version: s.version, State: people.MailSending}, slices.Contains(s.sent, reference), nil
}

func (s *service) Send(_ context.Context, l people.Letter) (people.Acceptance, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.before != nil {
		s.before(l.Reference)
	}
	s.asked++
	if s.fails != nil {
		taken, err := s.fails(s.asked, l.Reference)
		if taken {
			s.sent = append(s.sent, l.Reference)
		}
		if err != nil {
			return people.Acceptance{}, err
		}
		if taken {
			return people.Acceptance{ID: l.Reference, Version: s.version, State: people.MailSending}, nil
		}
	}
	s.sent = append(s.sent, l.Reference)
	return people.Acceptance{ID: l.Reference, Version: s.version, State: people.MailSending}, nil
}

// mailed is a crowd that gets letters: n editors of one pharmacy.
type mailed struct {
	*crowd
	service *service
	sender  *peoplejobs.MailSender
}

func newMailed(t *testing.T, accounts int) *mailed {
	t.Helper()
	m := &mailed{crowd: newCrowd(t), service: &service{lookup: true, version: 1}}
	m.today = profile.NewDate(2026, time.October, 1)
	for i := range accounts {
		m.person(fmt.Sprint("p", i), "2026-09-30", "FA001", "editor")
	}
	reminders := m.reminders()
	m.sender = &peoplejobs.MailSender{
		Turn: func(context.Context) error { return nil },
		Open: func(ctx context.Context) (peoplejobs.Outbox, error) { return m.store.Outbox(ctx) }, Busy: peoplestore.ErrMailBusy,
		Mailer: m.service, Workers: 4, PerDay: 3, CanaryPause: 0, LookupAfter: 0, Observe: func(people.LetterKind, people.LetterState) {},
		Composer: func(ctx context.Context) (people.Composer, error) {
			world, err := reminders.Reminding(ctx)
			return people.Composer{ReminderContext: world, Limits: idleLimits, SignIn: "https://x.example"}, err
		},
	}
	return m
}

func (c *crowd) reminders() *peoplejobs.Reminders {
	return &peoplejobs.Reminders{
		People: c.store, Calendar: c.store, Rules: people.DefaultCheckRules(),
		Now: func() time.Time { return c.today.Time().Add(9 * time.Hour) },
	}
}

func (m *mailed) makeDue(want int) {
	m.Helper()
	added, err := m.reminders().MakeDue(m.Context())
	require.NoError(m, err)
	require.Equal(m, want, added)
}

func (m *mailed) deliver(sent, waiting int) {
	m.Helper()
	is, left, err := m.sender.Deliver(m.Context())
	require.NoError(m, err)
	require.Equal(m, []int{sent, waiting}, []int{is, left}, "sent, waiting")
}

// states counts letters by state.
func (m *mailed) states() string {
	m.Helper()
	return pgtest.One[string](m.Database, `select coalesce(string_agg(state || ' ' || n, ', ' order by state), '')
		from (select state, count(*) as n from letter group by state) x`)
}

func TestLettersGoOutOnce(t *testing.T) {
	t.Parallel()
	m := newMailed(t, 25)
	m.makeDue(25)
	m.makeDue(0)
	m.deliver(25, 0)
	m.deliver(0, 0)
	m.makeDue(0)
	require.Equal(t, "accepted 25", m.states())
	require.Contains(t, m.service.sent, "check/2026-27-Q3/u-1/opening")
}

func TestWhatIsNotTrueAnyMoreIsNotSent(t *testing.T) {
	t.Parallel()
	m := newMailed(t, 4)
	m.Exec(`insert into dated_opening_period (code, date) select 'FA001', d
		from unnest('{2026-12-25,2026-12-28,2027-01-01,2027-03-26,2027-03-28,2027-03-29}'::date[]) d`)
	m.makeDue(4)
	m.Exec("update account set state = 'deactivated' where id = 1")
	m.Exec("update account set dead_at = now() where id = 2")
	m.deliver(2, 0)
	require.Equal(t, "accepted 2, cancelled 2", m.states())
	m.today = profile.NewDate(2026, time.December, 3)
	m.makeDue(2)
	m.Exec(`insert into section_check (code, section, account_id, at) select 'FA001', s, 3, '2026-11-01'
		from unnest('{contact,opening-times,services,facilities,bank-holiday-times}'::text[]) s`)
	m.deliver(0, 0)
	require.Equal(t, "accepted 2, cancelled 4", m.states())
	require.Equal(t, "complete", pgtest.One[string](m.Database, "select distinct reason from letter where stage = '28-days'"))
}

func TestAfterAnUnclearAnswerTheServiceIsAskedFirst(t *testing.T) {
	t.Parallel()
	m := newMailed(t, 20)
	m.service.fails = func(nth int, _ string) (bool, error) {
		if nth <= 10 {
			return nth%2 == 0, &people.MailError{Answer: people.MailUnclear, Status: 500}
		}
		return true, nil
	}
	m.makeDue(20)
	m.deliver(10, 1) // unclear letters wait to be looked up
	require.Equal(t, "accepted 10, claimed 10", m.states())
	m.deliver(5, 0)
	require.Equal(t, "accepted 20", m.states())
	require.Len(t, m.service.sent, 20)
	slices.Sort(m.service.sent)
	require.Len(t, slices.Compact(m.service.sent), 20, "nobody got it twice")
}

func TestWhereNobodyCanSayALetterIsNeverSentAgain(t *testing.T) {
	t.Parallel()
	m := newMailed(t, 1)
	m.service.lookup = false
	m.service.fails = func(int, string) (bool, error) { return true, &people.MailError{Answer: people.MailUnclear} }
	m.makeDue(1)
	m.deliver(0, 0)
	m.deliver(0, 0)
	require.Equal(t, "unclear 1", m.states())
}

func TestALetterThatAProcessLeftIsLookedUp(t *testing.T) {
	t.Parallel()
	m := newMailed(t, 2)
	m.makeDue(2)
	box, err := m.store.Outbox(t.Context())
	require.NoError(t, err)
	_, err = m.store.Outbox(t.Context())
	require.ErrorIs(t, err, peoplestore.ErrMailBusy)
	m.deliver(0, 1) // another process holds the outbox
	letters, err := box.Claim(t.Context(), 10, 3, []people.LetterKind{}, m.today)
	require.NoError(t, err)
	require.Len(t, letters, 2)
	for _, letter := range letters {
		open, err := box.Begin(t.Context(), letter)
		require.NoError(t, err)
		require.True(t, open)
	}
	m.service.sent = []string{letters[0].AttemptReference()} // it was sent, and the process died
	box.Close()
	m.deliver(1, 0)
	require.Equal(t, "accepted 2", m.states())
	require.Len(t, m.service.sent, 2)
	require.Equal(t, 2, pgtest.One[int](m.Database, "select sum(sent) from mail_canary"), "the one found counts as well")
}

func TestALetterThatWasNeverBegunGoesOutWithoutAQuestion(t *testing.T) {
	t.Parallel()
	m := newMailed(t, 3)
	m.service.lookup = false
	m.makeDue(3)
	box, err := m.store.Outbox(t.Context())
	require.NoError(t, err)
	letters, err := box.Claim(t.Context(), 10, 3, []people.LetterKind{}, m.today)
	require.NoError(t, err)
	_, err = box.Begin(t.Context(), letters[0])
	require.NoError(t, err)
	_, err = box.Begin(t.Context(), letters[0])
	require.ErrorContains(t, err, "begun before")
	box.Close()
	m.deliver(2, 0)
	require.Equal(t, "accepted 2, unclear 1", m.states(), "nobody knows whether that one was sent")
	require.Equal(t, []int{1, 1}, pgtest.All[int](m.Database,
		"select tries from letter where state = 'accepted'"), "as if it had not been claimed")
}

// A process that was given up, and comes back late, holds a claim that has
// ended.
func TestAnOutcomeOfALetterIsRecordedOnlyForItsClaim(t *testing.T) {
	t.Parallel()
	m := newMailed(t, 1)
	m.makeDue(1)
	claim := func() people.DueLetter {
		box, err := m.store.Outbox(t.Context())
		require.NoError(t, err)
		defer box.Close()
		_, _, err = box.Stale(t.Context(), 0)
		require.NoError(t, err)
		letters, err := box.Claim(t.Context(), 10, 3, []people.LetterKind{}, m.today)
		require.NoError(t, err)
		require.Len(t, letters, 1)
		return letters[0]
	}
	first, second := claim(), claim()
	box, err := m.store.Outbox(t.Context())
	require.NoError(t, err)
	defer box.Close()
	record := func(s people.LetterOutcome) string {
		s.DeadAddressOf, s.Acceptance.ID = first.Account, "x"
		require.NoError(t, box.RecordOutcome(t.Context(), s))
		return m.states()
	}
	require.Equal(t, "claimed 1", record(first.Outcome(people.LetterIsAccepted)))
	_, err = box.Begin(t.Context(), first)
	require.ErrorContains(t, err, "not claimed")
	require.Zero(t, pgtest.One[int](m.Database, "select count(*) from account where dead_at is not null"))
	for range 2 {
		require.Equal(t, "accepted 1", record(second.Outcome(people.LetterIsAccepted)))
		require.Equal(t, 1, pgtest.One[int](m.Database, "select sum(sent) from mail_canary"))
	}
}

func TestAnswersOfTheServiceBecomeStates(t *testing.T) {
	t.Parallel()
	for answer, want := range map[people.MailAnswer]string{
		people.MailRefused: "refused 1", people.MailNoSuchAddress: "refused 1", people.MailRetry: "due 1", people.MailAlert: "due 1",
		people.MailPause: "due 1",
	} {
		t.Run(string(answer), func(t *testing.T) {
			t.Parallel()
			m := newMailed(t, 1)
			m.service.fails = func(int, string) (bool, error) {
				return false, &people.MailError{Answer: answer, Reason: "because", Wait: time.Hour}
			}
			m.makeDue(1)
			_, _, err := m.sender.Deliver(t.Context())
			require.NoError(t, err)
			require.Equal(t, want, m.states())
			require.Equal(t, answer == people.MailNoSuchAddress, pgtest.One[bool](m.Database, "select dead_at is not null from account"))
			state, err := m.store.MailState(t.Context())
			require.NoError(t, err)
			require.Equal(t, answer == people.MailPause || answer == people.MailAlert, !state.Open)
			m.service.asked = 0
			_, _, err = m.sender.Deliver(t.Context())
			require.NoError(t, err)
			require.Zero(t, m.service.asked, "not too early")
		})
	}
}

func TestTheKillSwitchStopsTheNextLetter(t *testing.T) {
	t.Parallel()
	m := newMailed(t, 30)
	m.sender.Workers = 1
	m.service.before = func(string) {
		if m.service.asked == 4 {
			require.NoError(t, m.store.StopMail(context.WithoutCancel(t.Context()), "Ann", "a wrong text"))
		}
	}
	m.makeDue(30)
	m.deliver(5, 25)
	m.deliver(0, 25)
	require.NoError(t, m.store.ResumeMail(t.Context(), "jo"))
	m.deliver(25, 0)
	require.Equal(t, []string{"Ann", "jo"}, pgtest.All[string](m.Database,
		"select actor from decision_change where about = 'mail_gate' and field = 'stopped_by' order by id"))
}

func TestOfANewTextAFewGoOutFirst(t *testing.T) {
	t.Parallel()
	m := newMailed(t, 40)
	m.sender.CanaryPause = time.Hour
	m.makeDue(40)
	m.deliver(people.CanarySize, 30)
	m.deliver(0, 30)
	require.NoError(t, m.store.ResumeMail(t.Context(), "jo"))
	m.service.fails = func(nth int, _ string) (bool, error) {
		if nth == people.CanarySize+5 {
			m.service.version = 2 // edited while letters go out
		}
		return true, nil
	}
	m.sender.Workers = 1
	m.deliver(4+people.CanarySize, 26-people.CanarySize)
	m.deliver(0, 26-people.CanarySize)
}

func TestNobodyGetsMoreThanTheirCap(t *testing.T) {
	t.Parallel()
	m := newMailed(t, 1)
	m.Exec(`insert into letter (reference, kind, account_id, state, accepted_at)
		select 'x' || n, 'check-opening', 1, 'accepted', '2026-10-01 08:00+01'::timestamptz from generate_series(1, 3) n`)
	m.makeDue(1)
	m.deliver(0, 1)
	m.Exec("update letter set accepted_at = '2026-09-30 08:00+01' where reference = 'x1'")
	m.deliver(1, 0)
}

func TestFatesComeLateTwiceOrNever(t *testing.T) {
	t.Parallel()
	m := newMailed(t, 2)
	m.makeDue(2)
	m.deliver(2, 0)
	fate := func(id string, state people.MailState) {
		require.NoError(t, m.store.RecordStatus(t.Context(), people.Acceptance{ID: id, State: state}))
	}
	fate("somebody else's", people.MailDelivered)
	fate("check/2026-27-Q3/u-1/opening", people.MailSending)
	require.Equal(t, "accepted 2", m.states())
	fate("check/2026-27-Q3/u-1/opening", people.MailDead)
	fate("check/2026-27-Q3/u-1/opening", people.MailDelivered)
	fate("check/2026-27-Q3/u-2/opening", people.MailDelivered)
	require.Equal(t, "dead 1, delivered 1", m.states())
	require.Equal(t, 1, pgtest.One[int](m.Database, "select count(*) from account where dead_at is not null"))
	require.Equal(t, "mail", pgtest.One[string](m.Database, "select actor from account_change where what = 'address'"))
}

func TestSendNowOnceADay(t *testing.T) {
	t.Parallel()
	m := newMailed(t, 3)
	for _, want := range []int{3, 0} {
		added, err := m.reminders().SendNow(t.Context(), "FA001")
		require.NoError(t, err)
		require.Equal(t, want, added)
	}
	m.deliver(3, 0)
	m.makeDue(3) // the stage itself is another letter
}

// Whatever else a person got that day, and however new the text is: what must not wait
// goes out, and first.
func TestUrgentLettersWaitForNothing(t *testing.T) {
	t.Parallel()
	m := newMailed(t, 12)
	m.sender.CanaryPause, m.sender.PerDay = time.Hour, 1
	m.sender.CaseLines = func(context.Context, string) ([]string, error) { return []string{"New: something"}, nil }
	m.makeDue(12)
	m.deliver(10, 2)
	m.Exec("insert into letter (reference, kind, account_id) select 'case/1/1/u-' || id, 'case-urgent', id from account")
	m.Exec("insert into letter (reference, kind, account_id) select 'cases/2026-10-01/u-' || id, 'cases', id from account")
	m.deliver(12, 2+12)
	require.Equal(t, 12, pgtest.One[int](m.Database, "select count(*) from letter where kind = 'case-urgent' and state = 'accepted'"))
	require.Equal(t, "check/2026-27-Q3/u-1/opening", slices.Sorted(slices.Values(m.service.sent))[12], "digests wait")
}
