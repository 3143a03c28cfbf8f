package year_test

import (
	"fmt"
	"slices"
	"time"
)

// place is an organisation as the test knows it.
type place struct {
	code, kind, board string
	open              bool
	checked           [5]date // by section
	stated            uint    // of mustState
	tried, seen       []date  // looks that may have, and that have, found it closed
	manager           *human  // who is asked first
}

// member is a membership.
type member struct {
	place   *place
	manager bool
	ended   bool
}

// human is an account as the test knows it.
type human struct {
	id      int64
	kind    string // member, lead or administrator
	habit   habit
	address string
	state   string
	dead    bool
	active  time.Time // the last activity
	created date
	leave   date // its last day
	members []*member

	warned30, warned7 date // by the ledger
	saidEnds          date
	idle              bool          // the last look had to warn them
	debts             map[int]*debt // by step
	today             date          // of the last letter
	letters           int           // on that day
	board             string        // of a list, which is no person
}

// debt is how a person stands to a stage.
type debt struct {
	got     int
	posted  bool // perhaps: they were due when reminders were made
	owed    bool // certainly
	excused bool // perhaps cancelled: nothing was due when letters were sent
}

// habit is how a person behaves.
type habit int

const (
	diligent  habit = iota // checks everything in the first weeks of a quarter
	late                   // in the last days of it, or the first of the next
	prompted               // some days after a reminder
	forgetful              // leaves things out
	visiting               // signs in, and never checks
	waking                 // does nothing but answer warnings
	absent                 // does nothing at all
)

func (y *year) habit() habit {
	switch n := y.random.IntN(100); {
	case n < 34:
		return diligent
	case n < 50:
		return late
	case n < 65:
		return prompted
	case n < 75:
		return forgetful
	case n < 82:
		return visiting
	case n < 88:
		return waking
	default:
		return absent
	}
}

// act is something that somebody does, other than the daemon.
type act struct {
	at time.Time
	do func(*writes, time.Time)
}

// in schedules an act on a day of the year.
func (y *year) in(d date, do func(*writes, time.Time)) {
	if d < y.first || d > y.last {
		return
	}
	y.acts[d] = append(y.acts[d], act{d.at(y.random.IntN(24), y.random.IntN(60)), do})
}

// canAct reports that a person can sign in.
func (h *human) canAct() bool { return h.state == "active" }

func (y *year) signIn(h *human) func(*writes, time.Time) {
	return func(w *writes, at time.Time) {
		if h.canAct() {
			w.signIn(h, at)
		}
	}
}

// check has a person confirm some sections of all their organisations.
func (y *year) check(h *human, keep func(section int) bool, hours bool) func(*writes, time.Time) {
	return func(w *writes, at time.Time) {
		if !h.canAct() {
			return
		}
		w.signIn(h, at)
		for _, m := range h.members {
			if m.ended || !m.place.open {
				continue
			}
			if hours && m.place.kind == "pharmacy" {
				w.state(m.place, dateOf(at))
			}
			for s := range wanted(m.place.kind) {
				if keep(s) {
					w.check(h, m.place, s, at)
				}
			}
		}
	}
}

func every(int) bool { return true }

// plan schedules what people do in a quarter.
func (y *year) plan(t term) {
	for _, h := range y.people {
		day := func(from date, days int) date { return from + date(y.random.IntN(days)) }
		switch h.habit {
		case diligent:
			y.in(day(t.first, 21), y.check(h, every, true))
		case late:
			if y.random.IntN(6) == 0 {
				y.in(day(t.last+1, 9), y.check(h, every, true))
			} else {
				y.in(day(t.last-12, 13), y.check(h, every, true))
			}
		case forgetful:
			some := y.random.IntN(31)
			y.in(day(t.first, 90), y.check(h, func(s int) bool { return some&(1<<s) != 0 }, y.random.IntN(2) == 0))
		case visiting:
			y.in(day(t.first, 90), y.signIn(h))
		default:
		}
	}
	for range len(y.places) / 50 { // an edit checks its section, a write of our own none
		p := y.places[y.random.IntN(len(y.places))]
		y.in(t.first+date(y.random.IntN(90)), func(w *writes, at time.Time) { w.edit(p, at) })
		q := y.places[y.random.IntN(len(y.places))]
		y.in(t.first+date(y.random.IntN(90)), func(w *writes, _ time.Time) { w.rename(q) })
	}
}

// react is what a person does who got a letter.
func (y *year) react(h *human, kind string, today date) {
	switch {
	case h.habit == prompted && kind != "check-opening" && y.random.IntN(2) == 0:
		y.in(today+1+date(y.random.IntN(5)), y.check(h, every, true))
	case h.habit == waking && (kind == "inactive-30-days" || kind == "inactive-7-days") && y.random.IntN(2) == 0:
		y.in(today+1+date(y.random.IntN(9)), y.signIn(h))
	case h.habit == absent && kind == "account-ended" && y.random.IntN(3) == 0:
		y.in(today+date(5+y.random.IntN(40)), func(w *writes, at time.Time) { w.reactivate(h, at) })
	}
}

// hurry has some of those check everything whose reminders were just made.
func (y *year) hurry(today date, at time.Time) {
	if !slices.ContainsFunc(steps, func(s step) bool { return s.day == today }) {
		return
	}
	for _, h := range y.people {
		if h.habit <= forgetful && y.random.IntN(12) == 0 {
			y.acts[today] = append(y.acts[today], act{at.Add(time.Duration(y.random.IntN(60)) * time.Minute), y.check(h, every, true)})
		}
	}
}

// fates schedules what happens once: leaves, invitations, new addresses,
// organisations that close and open.
func (y *year) fates() {
	for _, h := range y.people {
		day := y.first + date(y.random.IntN(int(y.last-y.first)))
		switch n := y.random.IntN(100); {
		case n < 3:
			until := day + date(30+y.random.IntN(300))
			y.in(day, func(w *writes, _ time.Time) { w.leave(h, day, until) })
		case n < 5 && dying(h.address):
			y.in(day, func(w *writes, _ time.Time) { w.move(h, fmt.Sprintf("moved-%d@people.example", h.id)) })
		case h.state == "invited" && n < 60:
			y.in(h.created+date(y.random.IntN(27)), func(w *writes, at time.Time) { w.accept(h, at) })
		}
	}
	for range max(1, len(y.people)/40) {
		y.in(y.first+date(y.random.IntN(300)), func(w *writes, at time.Time) {
			p := y.places[y.random.IntN(len(y.places))]
			if !p.open {
				return
			}
			h := y.person("invited", at)
			y.belong(h, p, false)
			w.invite(h)
			if y.random.IntN(2) == 0 {
				y.in(dateOf(at)+1+date(y.random.IntN(25)), func(w *writes, at time.Time) { w.accept(h, at) })
			}
		})
	}
	for range max(3, len(y.places)/40) {
		p := y.places[y.random.IntN(len(y.places))]
		day := y.first + date(y.random.IntN(300))
		y.in(day, func(w *writes, _ time.Time) { w.open(p, false) })
		if y.random.IntN(2) == 0 {
			y.in(day+1, func(w *writes, _ time.Time) { w.open(p, true) }) // perhaps before the second look
		} else if y.random.IntN(2) == 0 {
			y.in(day+date(20+y.random.IntN(60)), func(w *writes, _ time.Time) { w.open(p, true) })
		}
	}
}
