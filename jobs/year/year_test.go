package year_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/notify"
	"github.com/profilesync/profilesync/connectors/notify/notifytest"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// yearSize is the size of a simulated year.
type yearSize struct {
	orgs, persons int
	kills         int
	hangs         float64 // share of requests that the mail service never answers
	again         int     // every how many days the daily check is repeated
	end           date
	seed          uint64
	broken        bool // claims are broken on purpose
}

// idleLimits are the default settings (reconcile/RULES.md "Inactivity").
var idleLimits = people.IdleLimits{Member: 190, Lead: 90, Administrator: 90, Invitation: 28}

// TestYear simulates the financial year 2026-27 and checks what people got by
// the mail service's ledger. PROFILESYNC_SOAK=1 runs it at full size.
func TestYear(t *testing.T) {
	t.Parallel()
	size := yearSize{orgs: 150, persons: 250, kills: 8, hangs: 0.0005, again: 3, end: on(2027, 3, 31), seed: 1}
	if os.Getenv("PROFILESYNC_SOAK") == "1" {
		size = yearSize{orgs: 12_000, persons: 20_000, kills: 200, hangs: 0.0005, again: 30, end: on(2027, 3, 31), seed: 1}
	}
	y := newYear(t, size)
	y.play()
	y.prove()
	y.rebuild()
	require.Empty(t, strings.Join(y.violations, "\n"))
	require.GreaterOrEqual(t, y.counted["kills"], size.kills)
	for _, what := range []string{
		"check-opening", "check-28-days", "check-14-days", "check-3-days", "check-overdue", "inactive-30-days", "inactive-7-days",
		"account-ended", "account-ended-cc", "last-manager-idle", "deactivated", "expired", "dead", "approved", "late",
		"saved", "outages", "memberships",
	} {
		require.Positive(t, y.counted[what], "%s never happened: %v", what, y.counted)
	}
	t.Log(y.counted)
}

// TestYearWithBrokenClaims shows that the checks notice letters sent twice when
// claims are forgotten.
func TestYearWithBrokenClaims(t *testing.T) {
	t.Parallel()
	y := newYear(t, yearSize{orgs: 60, persons: 100, kills: 5, hangs: 0.001, again: 5, end: on(2026, 7, 15), seed: 2, broken: true})
	y.play()
	twice := 0
	for _, wrong := range y.violations {
		if strings.HasPrefix(wrong, "twice: ") {
			twice++
		}
	}
	require.Positive(t, twice, "no letter that was sent twice was noticed")
}

// play simulates the days.
func (y *year) play() {
	d := y.daemon
	for today := y.first; today <= y.end; today++ {
		if today.utc().Day() == 1 {
			y.Logf("%s: %d letters, %d violations", today, y.read, len(y.violations))
		}
		for _, t := range terms {
			if today == t.first {
				y.plan(t)
			}
		}
		if today == on(2026, 10, 1) { // at the end of the quarter the clock steps back an hour
			d.remindAndDeliver(today.at(0, 20))
			y.set(today.at(0, 20).Add(-time.Hour))
			d.remindAndDeliver(y.Now())
		}
		d.day(today.at(9, 0))
		if today == on(2026, 9, 16) {
			y.set(y.Now().Add(-time.Hour))
			d.day(y.Now())
		}
		d.watch(today.at(15, 0))
		if _, due := d.outages[today]; due {
			d.died(today)
		}
		y.until(today.at(23, 59))
		y.remember(today)
	}
}

// daemon is a series of processes.
type daemon struct {
	*year

	process *process
	down    date // no process runs before that day
	killing map[date]int
	pending int // kills still to come
	outages map[date]date
}

// planKills spreads kills over the year, most of them on days when much is
// sent, and sets the outages. It plans more kills than wanted because a third
// of them find no process to kill before the year ends.
func (d *daemon) planKills() {
	d.killing = map[date]int{}
	for range 2 * d.kills {
		day := d.first + date(d.random.IntN(int(d.end-d.first)-10))
		if d.random.IntN(3) > 0 {
			day = min(steps[d.random.IntN(len(steps))].day, d.end-10)
		}
		d.killing[day]++
	}
	d.outages = map[date]date{
		on(2026, 6, 1):   on(2026, 6, 4),  // a stage day
		on(2026, 6, 24):  on(2026, 7, 17), // a whole stage, a deadline, and the overdue stage
		on(2026, 9, 2):   on(2026, 9, 13), // in the middle of sending, longer than the mail service keeps letters
		on(2026, 9, 23):  on(2026, 9, 29), // a stage day
		on(2026, 12, 28): on(2027, 1, 6),  // New Year and a deadline
		on(2027, 2, 10):  on(2027, 2, 12), // nothing
	}
}

// arm decides after how many calls a process dies.
func (d *daemon) arm(today date, calls int) {
	d.pending += d.killing[today]
	delete(d.killing, today)
	if d.pending > 0 || d.outages[today] > 0 && calls > d.persons/2 {
		d.process.calls, d.process.how = 1+d.random.IntN(calls), d.random.IntN(3)
	}
}

// tick lets the daemon do some work at a given time, and again each time it was
// killed and restarted at once. It returns false if the daemon is down.
func (d *daemon) tick(at time.Time, calls int, work func(*peoplestore.Store) error) bool {
	d.until(at)
	for today := dateOf(at); today >= d.down; {
		d.arm(today, calls)
		d.shortenWaits()
		store, db := d.storeAt(d.Now())
		err := work(store)
		db.Close()
		d.audit()
		if !d.process.dead {
			require.NoError(d, err)
			return true
		}
		d.died(today)
	}
	return false
}

// died starts the next process, at once or some days later.
func (d *daemon) died(today date) {
	d.counted["kills"]++
	d.process = &process{calls: -1, cut: d.cut}
	switch until := d.outages[today]; {
	case until > 0:
		delete(d.outages, today)
		d.down = until
	case d.random.IntN(5) == 0:
		d.down = today + 1 + date(d.random.IntN(3))
	}
	d.pending = max(0, d.pending-1)
	if d.down > today {
		d.counted["outages"]++
	}
}

// cut terminates the connections of a process, as its death would.
func (y *year) cut() {
	y.exec(`select pg_terminate_backend(pid, 5000) from pg_stat_activity
		where datname = current_database() and application_name = 'profilesync'`)
}

func (d *daemon) store(store *peoplestore.Store) mortalStore {
	return mortalStore{p: d.process, store: store, between: d.between}
}

// day is the daemon's daily work at a given time, and sending an hour later.
func (d *daemon) day(at time.Time) {
	today := dateOf(at)
	if !d.tick(at, 25, func(store *peoplestore.Store) error {
		return errors.Join(d.checkInactive(store, today), d.remind(store, today))
	}) {
		return
	}
	d.approve(today)
	d.hurry(today, at)
	d.until(at.Add(time.Hour)) // people continue to act
	if d.deliver(today) {
		d.requireDelivered(today)
		d.requireWarned(today)
	}
}

// remindAndDeliver makes reminders due at a given time, and sends them.
func (d *daemon) remindAndDeliver(at time.Time) {
	today := dateOf(at)
	if d.tick(at, 15, func(store *peoplestore.Store) error { return d.remind(store, today) }) && d.deliver(today) {
		d.requireDelivered(today)
	}
}

// checkInactive is the daily check of inactive accounts.
func (d *daemon) checkInactive(store *peoplestore.Store, today date) error {
	d.recordClosed(today, func(p *place) *[]date { return &p.maybeSeenClosed })
	i := d.inactivity(store)
	if err := i.Run(d.Context(), "schedule"); err != nil {
		return err
	}
	d.audit()
	d.recordClosed(today, func(p *place) *[]date { return &p.seenClosed })
	d.requireNobodyMissed(today)
	d.recheckInactive(i, today)
	return nil
}

func (d *daemon) inactivity(store *peoplestore.Store) *peoplejobs.Inactivity {
	return &peoplejobs.Inactivity{
		People: d.store(store), Limits: idleLimits, Guard: people.DefaultIdleGuard(), Now: d.Now,
	}
}

// recheckInactive repeats the daily check, which must find nothing.
func (d *daemon) recheckInactive(i *peoplejobs.Inactivity, today date) {
	if int(today)%d.again != 0 {
		return
	}
	d.uninterrupted(func() {
		letters, changes := d.number("select count(*) from letter"), d.number("select count(*) from account_change")
		require.NoError(d, i.Run(d.Context(), "schedule"))
		if d.number("select count(*) from letter") != letters || d.number("select count(*) from account_change") != changes {
			d.wrongf("again: on %s a second check of inactive accounts found something", today)
		}
	})
}

// uninterrupted does something without killing the process.
func (d *daemon) uninterrupted(do func()) {
	calls := d.process.calls
	d.process.calls = -1
	do()
	d.process.calls = calls
}

// remind makes reminders due.
func (d *daemon) remind(store *peoplestore.Store, today date) error {
	d.posting(today)
	r := d.reminders(store)
	if _, err := r.MakeDue(d.Context()); err != nil {
		return err
	}
	d.posted(today)
	if int(today)%d.again != 0 {
		return nil
	}
	d.uninterrupted(func() {
		added, err := r.MakeDue(d.Context())
		require.NoError(d, err)
		if added > 0 {
			d.wrongf("again: on %s a second planning found %d more reminders", today, added)
		}
	})
	return nil
}

func (d *daemon) reminders(store *peoplestore.Store) *peoplejobs.Reminders {
	boards := make([]profile.ODSCode, len(d.lists))
	for i, list := range d.lists {
		boards[i] = profile.ODSCode(list.board)
	}
	return &peoplejobs.Reminders{
		People: d.store(store), Calendar: d.store(store), Rules: people.DefaultCheckRules(), Lists: boards, Now: d.Now,
	}
}

// deliver sends until only letters for the next day wait. It returns false if
// the daemon went down before.
func (d *daemon) deliver(today date) bool {
	for round := 0; ; round++ {
		waiting := d.number("select count(*) from letter where state in ('due', 'claimed')")
		if waiting <= d.capped(today) {
			return true
		}
		if round == 200 {
			d.wrongf("stuck: on %s letters still wait after %d rounds", today, round)
			return false
		}
		d.set(d.Now().Add(2 * time.Minute))
		if !d.tick(d.Now(), 4+3*waiting, func(store *peoplestore.Store) error {
			d.sending(today)
			defer d.collect()
			_, _, err := d.mailSender(store).Deliver(d.Context())
			d.flying.wait()
			return err
		}) {
			return false
		}
	}
}

const perDay = 3

// capped is how many letters wait for the next day.
func (d *daemon) capped(today date) int {
	return d.number(`select count(*) from letter l where state = 'due' and account_id is not null and (
		select count(*) from letter o where o.account_id = l.account_id and o.accepted_at >= $1) >= $2`, today.at(0, 0), perDay)
}

func (d *daemon) mailSender(store *peoplestore.Store) *peoplejobs.MailSender {
	return &peoplejobs.MailSender{
		Turn: func(context.Context) error { return nil },
		Open: func(ctx context.Context) (peoplejobs.Outbox, error) {
			box, err := call(d.process, func() (*peoplestore.Outbox, error) { return store.Outbox(ctx) })
			if err != nil {
				return nil, err
			}
			if d.broken {
				return mortalBox{d.process, brokenBox{box, d.forgetClaims}}, nil
			}
			return mortalBox{d.process, box}, nil
		},
		Busy: peoplestore.ErrMailBusy, Mailer: mortalMailer{d.process, d.client()}, Workers: 8, PerDay: perDay,
		Observe:  func(people.LetterKind, people.LetterState) {},
		Composer: func(ctx context.Context) (people.Composer, error) { return d.composer(ctx, store) },
	}
}

func (d *daemon) composer(ctx context.Context, store *peoplestore.Store) (people.Composer, error) {
	world, err := d.reminders(store).Reminding(ctx)
	lists := map[profile.ODSCode]people.EmailAddress{}
	for _, list := range d.lists {
		address, err := people.ParseEmailAddress(list.address)
		require.NoError(d, err)
		lists[profile.ODSCode(list.board)] = address
	}
	return people.Composer{
		ReminderContext: world, Limits: idleLimits, Lists: lists, SignIn: "https://profiles.example/sign-in", Desk: "the desk",
	}, err
}

// client makes a new client for each delivery: its breakers are reset, as in a
// new process.
func (d *daemon) client() *notify.Client {
	options := notify.Options{
		BaseURL: d.address, APIKey: func() (string, error) { return notifytest.Key, nil }, Templates: d.ids, Now: d.Now,
		Turn: func(context.Context) error { return nil },
	}
	options.Limits.Timeout, options.Limits.Trip = 500*time.Millisecond, 1000
	client, err := notify.New(options)
	require.NoError(d, err)
	return client
}

// forgetClaims breaks claims: what is being sent is made due again.
func (d *daemon) forgetClaims() {
	d.exec("update letter set state = 'due', tries = tries - 1 where state = 'claimed'")
}

// watch checks accepted letters until the status of all is known.
func (d *daemon) watch(at time.Time) {
	for round := range 40 {
		d.set(d.Now().Add(40 * time.Minute * time.Duration(min(round, 1))))
		if d.number("select count(*) from letter where state = 'accepted' and accepted_at > $1", at.AddDate(0, 0, -7)) == 0 ||
			!d.tick(at, 100, func(store *peoplestore.Store) error {
				w := &peoplejobs.MailWatch{Service: mortalMailer{d.process, d.client()}, Store: d.store(store)}
				return d.ignoreMailErrors(w.Check(d.Context()))
			}) {
			return
		}
	}
}

// ignoreMailErrors ignores errors of the mail service.
func (d *daemon) ignoreMailErrors(err error) error {
	if _, ok := errors.AsType[*people.MailError](err); ok {
		return nil
	}
	return err
}
