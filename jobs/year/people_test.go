package year_test

import (
	"fmt"
	"slices"
	"time"
)

// place is an organisation in the test's model.
type place struct {
	code, kind, board           string
	open                        bool
	checked                     [5]date // by section
	stated                      uint    // of mustState
	maybeSeenClosed, seenClosed []date  // days of checks that may have, and that have, found it closed
	manager                     *human  // its account manager, if any
}

// member is a membership.
type member struct {
	place   *place
	manager bool
	ended   bool
}

// human is an account in the test's model.
type human struct {
	id      int64
	kind    string // member, lead or administrator
	habit   habit
	address string
	state   string
	dead    bool
	active  time.Time // the last activity
	created date
	leave   date // last day of leave
	members []*member

	warned30, warned7 date // according to the ledger
	announcedEnd      date
	idle              bool          // the last check had to warn them
	debts             map[int]*debt // by step
	today             date          // of the last letter
	letters           int           // received on that day
	board             string        // set for a board's list, which is not a person
}

// debt is what a person is owed for a stage.
type debt struct {
	got     int
	posted  bool // may have been made due: they were due when reminders were made
	owed    bool // must have been made due
	excused bool // may have been cancelled: nothing was due when letters were sent
}

// habit is how a person behaves.
type habit int

const (
	diligent  habit = iota // checks everything in the first weeks of a quarter
	late                   // in the last days of a quarter, or the first of the next
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

// act is something that a person does.
type act struct {
	at time.Time
	do func(*writes, time.Time)
}

// schedule schedules an act on a day of the year.
func (y *year) schedule(d date, do func(*writes, time.Time)) {
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

// check makes a person confirm some sections of all their organisations.
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
			y.schedule(day(t.first, 21), y.check(h, every, true))
		case late:
			if y.random.IntN(6) == 0 {
				y.schedule(day(t.last+1, 9), y.check(h, every, true))
			} else {
				y.schedule(day(t.last-12, 13), y.check(h, every, true))
			}
		case forgetful:
			some := y.random.IntN(31)
			y.schedule(day(t.first, 90), y.check(h, func(s int) bool { return some&(1<<s) != 0 }, y.random.IntN(2) == 0))
		case visiting:
			y.schedule(day(t.first, 90), y.signIn(h))
		default:
		}
	}
	for range len(y.places) / 50 { // an edit by a person checks its section; a write by the daemon does not
		p := y.places[y.random.IntN(len(y.places))]
		y.schedule(t.first+date(y.random.IntN(90)), func(w *writes, at time.Time) { w.edit(p, at) })
		q := y.places[y.random.IntN(len(y.places))]
		y.schedule(t.first+date(y.random.IntN(90)), func(w *writes, _ time.Time) { w.rename(q) })
	}
}

// react schedules what a person does after getting a letter.
func (y *year) react(h *human, kind string, today date) {
	switch {
	case h.habit == prompted && kind != "check-opening" && y.random.IntN(2) == 0:
		y.schedule(today+1+date(y.random.IntN(5)), y.check(h, every, true))
	case h.habit == waking && (kind == "inactive-30-days" || kind == "inactive-7-days") && y.random.IntN(2) == 0:
		y.schedule(today+1+date(y.random.IntN(9)), y.signIn(h))
	case h.habit == absent && kind == "account-ended" && y.random.IntN(3) == 0:
		y.schedule(today+date(5+y.random.IntN(40)), func(w *writes, at time.Time) { w.reactivate(h, at) })
	}
}

// hurry makes some people check everything just after reminders were made due.
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

// scheduleEvents schedules leaves, invitations, new addresses, and
// organisations that close and reopen.
func (y *year) scheduleEvents() {
	for _, h := range y.people {
		day := y.first + date(y.random.IntN(int(y.last-y.first)))
		switch n := y.random.IntN(100); {
		case n < 3:
			until := day + date(30+y.random.IntN(300))
			y.schedule(day, func(w *writes, _ time.Time) { w.leave(h, day, until) })
		case n < 5 && dying(h.address):
			y.schedule(day, func(w *writes, _ time.Time) { w.move(h, fmt.Sprintf("moved-%d@people.example", h.id)) })
		case h.state == "invited" && n < 60:
			y.schedule(h.created+date(y.random.IntN(27)), func(w *writes, at time.Time) { w.accept(h, at) })
		}
	}
	for range max(1, len(y.people)/40) {
		y.schedule(y.first+date(y.random.IntN(300)), func(w *writes, at time.Time) {
			p := y.places[y.random.IntN(len(y.places))]
			if !p.open {
				return
			}
			h := y.person("invited", at)
			y.belong(h, p, false)
			w.invite(h)
			if y.random.IntN(2) == 0 {
				y.schedule(dateOf(at)+1+date(y.random.IntN(25)), func(w *writes, at time.Time) { w.accept(h, at) })
			}
		})
	}
	for range max(3, len(y.places)/40) {
		p := y.places[y.random.IntN(len(y.places))]
		day := y.first + date(y.random.IntN(300))
		y.schedule(day, func(w *writes, _ time.Time) { w.open(p, false) })
		if y.random.IntN(2) == 0 {
			y.schedule(day+1, func(w *writes, _ time.Time) { w.open(p, true) }) // perhaps before the second check
		} else if y.random.IntN(2) == 0 {
			y.schedule(day+date(20+y.random.IntN(60)), func(w *writes, _ time.Time) { w.open(p, true) })
		}
	}
}
