package year_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/notify/notifytest"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// wrongf records a violation.
func (y *year) wrongf(format string, args ...any) {
	if len(y.violations) < 200 {
		y.violations = append(y.violations, fmt.Sprintf(format, args...))
		if !y.broken {
			y.Logf(format, args...)
		}
	}
}

// everybody returns the people and the lists.
func (y *year) everybody() []*human { return slices.Concat(y.lists, y.people) }

// owing calls each for whoever may be due a stage on a day.
func (y *year) owing(today date, each func(*human, step, *debt, bool)) {
	for i, s := range steps {
		if today < s.day || today > s.until {
			continue
		}
		for _, h := range y.everybody() {
			d := h.debts[i]
			if d == nil {
				d = &debt{}
				h.debts[i] = d
			}
			if d.got == 0 && !d.excused {
				each(h, s, d, len(y.owes(h, s, today)) > 0)
			}
		}
	}
}

// posting records whose reminder may have been made due from now on, posted
// whose must have been.
func (y *year) posting(today date) {
	y.owing(today, func(_ *human, _ step, d *debt, due bool) { d.posted = d.posted || due })
}

func (y *year) posted(today date) {
	y.owing(today, func(_ *human, _ step, d *debt, due bool) { d.owed = d.owed || due && d.posted })
}

// sending records whose reminder may be cancelled because nothing is due any
// more.
func (y *year) sending(today date) {
	y.owing(today, func(_ *human, _ step, d *debt, due bool) { d.excused = d.posted && !due })
}

// requireDelivered checks that everybody who should have got a reminder by now did.
func (y *year) requireDelivered(today date) {
	y.owing(today, func(h *human, s step, d *debt, due bool) {
		if d.owed && due && (h.today != today || h.letters < perDay) && !y.unclear(h, s) {
			y.wrongf("missed: %s did not get %s by %s", h, s, today)
		}
	})
}

// unclear reports whether it is unknown if a letter was accepted: the process
// that sent it died, and the mail service forgot the letter before the next
// process asked.
func (y *year) unclear(h *human, s step) bool {
	return y.number(`select count(*) from letter where coalesce(account_id, 0) = $1 and list = $2 and kind = $3
		and coalesce(quarter, $4) = $4 and state = 'unclear' and made_at < $5 and (since is null or since = $6)`,
		h.id, h.board, s.kind, terms[s.term].first.utc(), y.Now().AddDate(0, 0, -6), h.idleSince().utc()) > 0
}

func (h *human) String() string { return fmt.Sprintf("u-%d%s", h.id, h.board) }

// collect reads the new messages in the mail service's ledger.
func (y *year) collect() {
	if y.mail.Summary().Accepted == y.read {
		return
	}
	messages := y.mail.Messages()
	for _, m := range messages[y.read:] {
		y.message(m)
	}
	y.read = len(messages)
}

func (y *year) message(m notifytest.Message) {
	h, kind, today := y.byAddress[m.Address], y.kinds[m.TemplateID], dateOf(m.At)
	if h == nil {
		y.wrongf("stranger: %s went to an unknown address", kind)
		return
	}
	y.counted[kind]++
	if h.today != today {
		h.today, h.letters = today, 0
	}
	if h.letters++; h.letters > perDay && h.board == "" {
		y.wrongf("many: %s got %d letters on %s", h, h.letters, today)
	}
	if h.dead {
		y.wrongf("dead: %s got %s on %s at a dead address", h, kind, today)
	}
	switch {
	case strings.HasPrefix(kind, "check-"):
		y.reminder(h, kind, today, m.Personalisation)
	case strings.HasPrefix(kind, "inactive-"):
		y.warning(h, kind, today, m.Personalisation)
	default:
		y.otherLetter(h, kind, today, m)
	}
	if h.board == "" {
		y.react(h, kind, today)
	}
}

// reminder checks that a person was due this very stage, and had not got it
// before.
func (y *year) reminder(h *human, kind string, today date, personalisation map[string]any) {
	at := slices.IndexFunc(steps, func(s step) bool { return s.kind == kind && terms[s.term].words == personalisation["quarter"] })
	if at < 0 {
		y.wrongf("stage: %s got %s for %v, which is none", h, kind, personalisation["quarter"])
		return
	}
	s := steps[at]
	d := h.debts[at]
	if d == nil {
		d = &debt{}
		h.debts[at] = d
	}
	if d.got++; d.got > 1 {
		y.wrongf("twice: %s got %s again on %s", h, s, today)
		return
	}
	back := date(0)
	if today == on(2026, 9, 30) {
		back = 1 // the clock stepped back over the end of the quarter
	}
	if today < s.day-back || today > s.until {
		y.wrongf("time: %s got %s on %s", h, s, today)
	}
	if today > s.day {
		y.counted["late"]++
	}
	if want, got := y.owes(h, s, today), firstWords(personalisation); len(want) == 0 || !slices.Equal(want, got) {
		y.wrongf("due: %s got %s on %s for %v, and misses something at %v", h, s, today, got, want)
	}
}

// firstWords returns the codes of the organisations that a letter lists.
func firstWords(personalisation map[string]any) (codes []string) {
	lines, _ := personalisation["organisations"].([]any)
	for _, line := range lines {
		code, _, _ := strings.Cut(fmt.Sprint(line), " ")
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return codes
}

// warning checks that an account was idle long enough to be warned.
func (y *year) warning(h *human, kind string, today date, personalisation map[string]any) {
	since := h.idleSince()
	y.onlyOnce(h, kind, today, since.String())
	if h.state != "active" || h.onLeave(today) || personalisation["last_active"] != dateOf(h.active).words() || today-since < h.limit()-30 {
		y.wrongf("warned: %s (%s) got %s on %s for %v, and was active on %s",
			h, h.state, kind, today, personalisation["last_active"], dateOf(h.active))
	}
	before, least := date(30), &h.warned30
	if kind == "inactive-7-days" {
		before, least = 7, &h.warned7
		if h.warned30 < since {
			y.wrongf("warned: %s got %s on %s, and no warning before", h, kind, today)
		}
	}
	*least = today
	ends, err := time.Parse("2 January 2006", fmt.Sprint(personalisation["ends"]))
	require.NoError(y, err)
	if end := dateOf(ends.Add(12 * time.Hour)); end < today+before || end < since+h.limit() {
		y.wrongf("warned: %s got %s on %s, which says %s", h, kind, today, end)
	} else {
		h.announcedEnd = end
	}
}

func (y *year) onlyOnce(h *human, kind string, today date, about string) {
	key := fmt.Sprint(h, kind, about)
	if y.once[key] {
		y.wrongf("twice: %s got %s again on %s", h, kind, today)
	}
	y.once[key] = true
}

// otherLetter checks the letters about accounts that ended, or should have.
func (y *year) otherLetter(h *human, kind string, today date, m notifytest.Message) {
	reference := m.Reference
	if at := strings.LastIndex(reference, "/"); len(reference)-at <= 3 { // the suffix of a retry
		reference = reference[:at]
	}
	y.onlyOnce(h, kind, today, reference)
	if (kind == "account-ended") != (h.state == "deactivated") && kind != "last-manager-idle" {
		y.wrongf("ended: %s (%s) got %s on %s", h, h.state, kind, today)
	}
}

// audit reads the changes of accounts, and checks that they are allowed.
func (y *year) audit() {
	today := dateOf(y.Now())
	rows, err := y.db.Query(y.Context(),
		"select id, account_id, what, old, new, actor from account_change where id > $1 order by id", y.audited)
	require.NoError(y, err)
	var c struct {
		ID, Account           int64
		What, Old, New, Actor string
	}
	_, err = pgx.ForEachRow(rows, []any{&c.ID, &c.Account, &c.What, &c.Old, &c.New, &c.Actor}, func() error {
		y.audited = c.ID
		h := y.byID[c.Account]
		switch {
		case c.Actor == "app" || c.Actor == "desk" || strings.HasPrefix(c.Actor, "u-"):
		case c.What == "state" && c.New == "deactivated":
			y.deactivated(h, today)
		case c.What == "state" && c.New == "expired":
			y.counted["expired"]++
			if h.state != "invited" || today-h.created < 28 {
				y.wrongf("expired: %s (%s), invited on %s, on %s", h, h.state, h.created, today)
			}
			h.state = "expired"
		case c.What == "address" && c.New == "dead" && dying(h.address):
			y.counted["dead"]++
			h.dead = true
		case c.What == "membership" && c.New == "":
			y.membershipEnded(h, c.Old[len("editor of "):], today)
		default:
			y.wrongf("audit: %s: %s became %q by %s", h, c.What, c.New, c.Actor)
		}
		return nil
	})
	require.NoError(y, err)
}

func (y *year) deactivated(h *human, today date) {
	y.counted["deactivated"]++
	if why := h.reasonToKeep(today); why != "" || h.state != "active" {
		y.wrongf("ended: %s (%s) on %s, although %s", h, h.state, today, why)
	}
	h.state = "deactivated"
}

// membershipEnded checks that a membership ended because two checks found the organisation
// closed.
func (y *year) membershipEnded(h *human, role string, today date) {
	y.counted["memberships"]++
	code := role[len(role)-6:]
	for _, m := range h.members {
		if m.place.code == code && !m.ended {
			m.ended = true
			if m.place.open || len(m.place.maybeSeenClosed) < 2 {
				y.wrongf("membership: %s lost %s on %s", h, code, today)
			}
			return
		}
	}
	y.wrongf("membership: %s lost %s on %s, and had it not", h, code, today)
}

// recordClosed records a check of the organisations that are closed.
func (y *year) recordClosed(today date, looks func(*place) *[]date) {
	for _, p := range y.places {
		days := looks(p)
		if p.open {
			*days = nil
		} else if !slices.Contains(*days, today) {
			*days = append(*days, today)
		}
	}
}

// requireNobodyMissed checks that the daily check missed nobody.
func (y *year) requireNobodyMissed(today date) {
	withheld := y.number("select count(*) from idle_run where state = 'withheld'") > 0
	for _, h := range y.people {
		h.idle = h.mustWarn(today)
		if !withheld && h.state == "invited" && today-h.created >= 28 {
			y.wrongf("left: %s is invited since %s", h, h.created)
		}
		if !withheld && h.state == "active" && !h.dead && h.reasonToKeep(today) == "" && y.bothWarningsRecorded(h, today) {
			y.wrongf("left: %s is still active on %s", h, today)
		}
		for _, m := range h.members {
			if !m.ended && len(m.place.seenClosed) > 1 {
				y.wrongf("left: %s still belongs to %s, which is closed", h, m.place.code)
			}
		}
	}
}

// bothWarningsRecorded reports whether both warnings have been on record for long enough: if
// the process that sent a warning died, it may have been recorded later.
func (y *year) bothWarningsRecorded(h *human, today date) bool {
	return y.number(`select count(distinct kind) from letter where account_id = $1 and since = $2
		and (kind = 'inactive-30-days' and accepted_at < $3 or kind = 'inactive-7-days' and accepted_at < $4)`,
		h.id, h.idleSince().utc(), (today-29).at(0, 0), (today-6).at(0, 0)) == 2
}

// requireWarned checks that everybody idle was warned.
func (y *year) requireWarned(today date) {
	for _, h := range y.people {
		if h.idle && h.mustWarn(today) && !y.unclear(h, step{kind: "inactive-30-days"}) && (h.today != today || h.letters < perDay) {
			y.wrongf("unwarned: %s on %s, idle since %s", h, today, h.idleSince())
		}
	}
}

// between makes somebody sign in after their account was judged.
func (y *year) between(ends []people.Ending) {
	if len(ends) == 0 || y.random.IntN(3) > 0 {
		return
	}
	h := y.byID[int64(ends[y.random.IntN(len(ends))].Account)]
	if h.state != "active" {
		return
	}
	w := &writes{year: y}
	w.signIn(h, y.Now())
	w.flush()
	y.counted["saved"]++
}

// approve does what a person may do after more accounts would have ended than
// the guard allows.
func (d *daemon) approve(today date) {
	id := d.number("select coalesce(max(id), 0) from idle_run where state = 'withheld' and at > $1", today.at(0, 0))
	if id == 0 || d.random.IntN(2) == 0 {
		return
	}
	store, db := d.storeAt(d.Now())
	defer db.Close()
	limits := idleLimits
	day := profile.DateIn(d.Now(), profile.London())
	_, err := store.ApproveEndings(d.Context(), int64(id), "person", day, func(p people.Person) people.IdleVerdict {
		return limits.Judge(p, day)
	})
	require.NoError(d, err)
	d.counted["approved"]++
	d.audit()
}

// prove checks the tables for what the ledger does not show.
func (y *year) prove() {
	y.counted["unclear"] = y.number("select count(*) from letter where state = 'unclear'")
	for what, sql := range map[string]string{
		"activity: accounts ended by inactivity that were active in the 89 days before": `
			select count(*) from account_change c where c.what = 'state' and c.new = 'deactivated' and (
				exists (select from sign_in s where s.account_id = c.account_id and s.at between c.at - interval '89 days' and c.at)
				or exists (select from section_check s where s.account_id = c.account_id and s.at between c.at - interval '89 days' and c.at))`,
		"manager: open organisations whose account manager was deactivated while they were open": `
			select count(*) from account_change c join membership m using (account_id) join profile p using (code)
			where c.what = 'state' and c.new = 'deactivated' and m.role = 'account-manager' and p.status = 'open'
				and m.started_at <= c.at and (m.ended_at is null or m.ended_at > c.at)
				and not exists (select from change x where x.code = p.code and x.field = 'status')`,
		"flag: account managers that were kept, without a letter to their board": `
			select count(*) from idle_kept k cross join unnest(k.codes) as o (code) join profile p using (code)
			where k.step = 'keep' and p.icb <> '' and not exists (
				select from letter l where l.kind = 'last-manager-idle' and l.about = k.account_id and l.list = p.icb)`,
		"letters left in the middle": "select count(*) from letter where state = 'claimed'",
	} {
		if n := y.number(sql); n > 0 {
			y.wrongf("%s: %d", what, n)
		}
	}
}
