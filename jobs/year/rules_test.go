package year_test

import (
	"fmt"
	"slices"
	"time"
)

// The rules about people again, written down for the year 2026-27 only and
// without using the core. They are those of reconcile/RULES.md "Checks",
// reconcile/RULES.md "Reminders" and reconcile/RULES.md "Inactivity".

var london = func() *time.Location {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	return zone
}()

// date is a day in London, counted from 1 January 1970.
type date int

func on(year int, month time.Month, d int) date {
	return date(time.Date(year, month, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func dateOf(t time.Time) date {
	t = t.In(london)
	return on(t.Year(), t.Month(), t.Day())
}

func (d date) utc() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// at is a time of the day in London.
func (d date) at(hour, minute int) time.Time {
	year, month, dom := d.utc().Date()
	return time.Date(year, month, dom, hour, minute, 0, 0, london)
}

// words is the day as letters write it.
func (d date) words() string { return d.utc().Format("2 January 2006") }

func (d date) String() string { return d.utc().Format(time.DateOnly) }

// term is a quarter.
type term struct {
	words       string
	first, last date
	horizon     date // the end of the term after it
}

var terms = []term{
	{"January to March 2026", on(2026, 1, 1), on(2026, 3, 31), on(2026, 6, 30)},
	{"April to June 2026", on(2026, 4, 1), on(2026, 6, 30), on(2026, 9, 30)},
	{"July to September 2026", on(2026, 7, 1), on(2026, 9, 30), on(2026, 12, 31)},
	{"October to December 2026", on(2026, 10, 1), on(2026, 12, 31), on(2027, 3, 31)},
	{"January to March 2027", on(2027, 1, 1), on(2027, 3, 31), on(2027, 6, 30)},
}

// step is a stage with its day and the last day on which it still makes sense.
type step struct {
	kind       string // the text
	term       int
	day, until date
}

func (s step) String() string { return s.kind + " of " + terms[s.term].words }

func (s step) overdue() bool { return s.kind == "check-overdue" }

// steps are the steps of the year, worked out by hand from the GOV.UK calendar.
var steps = []step{
	{"check-overdue", 0, on(2026, 4, 1), on(2026, 4, 15)},

	{"check-opening", 1, on(2026, 4, 1), on(2026, 6, 1)},
	{"check-28-days", 1, on(2026, 6, 2), on(2026, 6, 15)},
	{"check-14-days", 1, on(2026, 6, 16), on(2026, 6, 24)},
	{"check-3-days", 1, on(2026, 6, 25), on(2026, 6, 30)},
	{"check-overdue", 1, on(2026, 7, 1), on(2026, 7, 15)},

	{"check-opening", 2, on(2026, 7, 1), on(2026, 9, 1)},
	{"check-28-days", 2, on(2026, 9, 2), on(2026, 9, 15)},
	{"check-14-days", 2, on(2026, 9, 16), on(2026, 9, 24)},
	{"check-3-days", 2, on(2026, 9, 25), on(2026, 9, 30)},
	{"check-overdue", 2, on(2026, 10, 1), on(2026, 10, 15)},

	{"check-opening", 3, on(2026, 10, 1), on(2026, 12, 2)},
	{"check-28-days", 3, on(2026, 12, 3), on(2026, 12, 16)},
	{"check-14-days", 3, on(2026, 12, 17), on(2026, 12, 23)},
	{"check-3-days", 3, on(2026, 12, 24), on(2026, 12, 31)},
	{"check-overdue", 3, on(2027, 1, 4), on(2027, 1, 18)},

	{"check-opening", 4, on(2027, 1, 4), on(2027, 3, 2)},
	{"check-28-days", 4, on(2027, 3, 3), on(2027, 3, 16)},
	{"check-14-days", 4, on(2027, 3, 17), on(2027, 3, 23)},
	{"check-3-days", 4, on(2027, 3, 24), on(2027, 3, 31)},
}

// mustState are the days for which a pharmacy must state its hours: bank
// holidays, 25 December itself and Easter Sunday.
var mustState = []date{
	on(2026, 4, 3), on(2026, 4, 5), on(2026, 4, 6), on(2026, 5, 4), on(2026, 5, 25), on(2026, 8, 31),
	on(2026, 12, 25), on(2026, 12, 28),
	on(2027, 1, 1), on(2027, 3, 26), on(2027, 3, 28), on(2027, 3, 29), on(2027, 5, 3), on(2027, 5, 31),
}

// The sections of a profile.
var sections = []string{"contact", "opening-times", "services", "facilities", "bank-holiday-times"}

// wanted returns how many of the sections a type of organisation must check.
func wanted(kind string) int {
	switch kind {
	case "pharmacy":
		return 5
	case "gp-practice", "gp-branch":
		return 3
	default:
		return 0
	}
}

// lacks reports whether an organisation's checks for a term are incomplete.
func (p *place) lacks(of int, today date) bool {
	for s := range wanted(p.kind) {
		checked := p.checked[s]
		if p.kind != "pharmacy" { // falls due a year after the last check
			if checked == 0 || dateOf(checked.at(12, 0).AddDate(1, 0, 0)) <= terms[of].last {
				return true
			}
			continue
		}
		if checked < terms[of].first {
			return true
		}
	}
	return p.kind == "pharmacy" && p.unstated(today, terms[of].horizon)
}

func (p *place) unstated(from, to date) bool {
	for i, d := range mustState {
		if d >= from && d <= to && p.stated&(1<<i) == 0 {
			return true
		}
	}
	return false
}

// due returns the organisations for which a person gets a stage on a day; none
// if nothing may be sent to that person.
func (h *human) due(s step, today date) (codes []string) {
	if h.state != "active" || h.dead {
		return nil
	}
	for _, m := range h.members {
		if !m.ended && m.place.open && (m.manager || !s.overdue()) && m.place.lacks(s.term, today) {
			codes = append(codes, m.place.code)
		}
	}
	slices.Sort(codes)
	return codes
}

// owes returns the organisations for which a person, or the list of a board,
// gets a stage.
func (y *year) owes(h *human, s step, today date) (codes []string) {
	if h.board == "" {
		return h.due(s, today)
	}
	if !s.overdue() {
		return nil
	}
	for _, p := range y.boards[h.board] {
		if p.open && p.lacks(s.term, today) {
			codes = append(codes, p.code)
		}
	}
	return codes
}

// limit is the number of days after which an idle account ends.
func (h *human) limit() date {
	if h.kind == "member" {
		return 190
	}
	return 90
}

// idleSince is the day from which idleness counts.
func (h *human) idleSince() date { return max(dateOf(h.active), h.leave) }

func (h *human) onLeave(today date) bool { return h.leave >= today }

// isLastManager reports whether the person is the account manager of an open
// organisation.
func (h *human) isLastManager() bool {
	for _, m := range h.members {
		if m.manager && !m.ended && m.place.open {
			return true
		}
	}
	return false
}

// reasonToKeep returns why an account must not end, or an empty string if it may.
func (h *human) reasonToKeep(today date) string {
	since := h.idleSince()
	switch {
	case h.onLeave(today):
		return "it is on leave"
	case today-since < h.limit():
		return fmt.Sprintf("it was idle for %d days only", today-since)
	case h.warned30 < since || h.warned30 == 0 || today-h.warned30 < 30:
		return fmt.Sprintf("its first warning was on %s", h.warned30)
	case h.warned7 < since || h.warned7 == 0 || today-h.warned7 < 7:
		return fmt.Sprintf("its last warning was on %s", h.warned7)
	case today < h.announcedEnd:
		return fmt.Sprintf("its letters say %s", h.announcedEnd)
	case h.isLastManager():
		return "an open organisation would lose its account manager"
	}
	return ""
}

// mustWarn reports whether a first warning is due.
func (h *human) mustWarn(today date) bool {
	return h.state == "active" && !h.dead && !h.onLeave(today) && today-h.idleSince() >= h.limit()-30 && h.warned30 < h.idleSince()
}
