package profile

import "slices"

// Day is a day of the weekly opening times. BankHoliday means all bank
// holidays; no sink accepts it (connectors/dos/CONTRACT.md "Opening times"), so
// sinks get the dates.
type Day uint8

// The days, in the order in which they are written.
const (
	Monday Day = iota
	Tuesday
	Wednesday
	Thursday
	Friday
	Saturday
	Sunday
	BankHoliday
	numDays
)

// Sinks end a day at 23:59 and accept no period that crosses midnight
// (connectors/dos/CONTRACT.md "Opening times").
const (
	midnight   = 24 * 60
	lastMinute = midnight - 1
)

// Period is a period of opening, in minutes from the midnight at the start of
// its day: Opens is 0 to 1439, Closes up to 2879. A period with Closes over
// 1439 crosses midnight; one that ends at midnight has Closes 1439.
type Period struct{ Opens, Closes int }

// Week is the weekly opening times: for each day the periods that begin on it,
// sorted, none touching another.
type Week [numDays][]Period

// DatedDay is the opening times of one date, instead of the weekly ones: the
// periods that begin on it, sorted, none touching another; none when closed.
type DatedDay struct {
	Date    Date
	Periods []Period
}

// PublicHours converts opening times from the form that people edit to the form
// that sinks accept: periods that touch or overlap are merged, those that cross
// midnight are split over the two days, a day ends at 23:59, bank holidays
// become dates, and days before today are left out
// (RULES.md "Opening times in public form"). It is idempotent.
//
// A text with a line that cannot be read is returned as it is, for the sinks to
// refuse: without that line a day might look closed.
//
// A date holds the periods that begin on it. It shows the end of the period
// that began the day before, then its own; so the day after a date needs a date
// of its own if it then differs from its weekday.
func PublicHours(weekly, dated string, today Date, holidays ...Date) (publicWeekly, publicDated string) {
	week, unreadWeek := readWeek(weekly)
	days, unreadDates := readDated(dated)
	publicWeekly, publicDated = weekly, dated
	if len(unreadWeek) == 0 {
		publicWeekly = joinLines(week.public().lines())
	}
	if !slices.ContainsFunc(unreadDates, unread.isUnreadable) {
		c := calendar{week: week, days: withHolidays(days, holidays, week[BankHoliday])}
		if len(unreadWeek) > 0 { // dates are sent without it; what it would add to them is not known
			c = calendar{days: days, alone: true}
		}
		publicDated = joinLines(datedLines(c.public(today)))
	}
	return publicWeekly, publicDated
}

// withHolidays adds the bank holidays that are not stated as dates, if the week
// has hours for them.
func withHolidays(days []DatedDay, holidays []Date, periods []Period) []DatedDay {
	if len(periods) == 0 {
		return days
	}
	days = slices.Clone(days)
	for _, holiday := range holidays {
		at, stated := slices.BinarySearchFunc(days, holiday, DatedDay.compare)
		if !stated {
			days = slices.Insert(days, at, DatedDay{holiday, slices.Clone(periods)})
		}
	}
	return days
}

func (d DatedDay) compare(date Date) int { return d.Date.Compare(date) }

// public returns the week as shown, day by day.
func (w Week) public() (public Week) {
	for day := Monday; day <= Sunday; day++ {
		public[day] = shown(w[(day+Sunday)%BankHoliday], w[day])
	}
	return public
}

// calendar says which periods begin on any date. Its days are sorted, each date
// once.
type calendar struct {
	week  Week
	days  []DatedDay
	alone bool // the week is not known: no day shows more than its own date says
}

// on returns the periods that begin on a date, and whether the date has opening
// times of its own.
func (c calendar) on(date Date) (periods []Period, stated bool) {
	at, stated := slices.BinarySearchFunc(c.days, date, DatedDay.compare)
	if stated {
		return c.days[at].Periods, true
	}
	return c.week[DayOf(date)], false
}

// shown returns what a date shows. A date stated as closed is closed from its
// first minute, even if a period of the night before runs into it: sending
// people to a closed door is worse than not sending them to an open one.
func (c calendar) shown(date Date) []Period {
	own, stated := c.on(date)
	if stated && len(own) == 0 {
		return nil
	}
	before, _ := c.on(date.AddDays(-1))
	return shown(before, own)
}

// public returns the dates from today on that show opening times of their own.
func (c calendar) public(today Date) (days []DatedDay) {
	weekly := c.week.public()
	for _, day := range c.days {
		days = append(days, DatedDay{day.Date, c.shown(day.Date)})
		next := day.Date.AddDays(1)
		if _, stated := c.on(next); stated || c.alone {
			continue
		}
		if periods := c.shown(next); !slices.Equal(periods, weekly[DayOf(next)]) {
			days = append(days, DatedDay{next, periods})
		}
	}
	return slices.DeleteFunc(days, func(d DatedDay) bool { return d.Date.Before(today) })
}

// shown returns what a day shows: the rest of the day before, and what begins
// on the day itself, up to its last minute.
func shown(before, own []Period) []Period {
	day := make([]Period, 0, len(before)+len(own))
	for _, p := range before {
		day = append(day, Period{0, p.Closes - midnight})
	}
	for _, p := range own {
		day = append(day, Period{p.Opens, min(p.Closes, lastMinute)})
	}
	return joined(slices.DeleteFunc(day, func(p Period) bool { return p.Opens >= p.Closes }))
}

// joined sorts periods and merges those that touch or overlap.
func joined(periods []Period) []Period {
	slices.SortFunc(periods, func(a, b Period) int { return a.Opens - b.Opens })
	var joined []Period
	for _, p := range periods {
		if last := len(joined) - 1; last >= 0 && p.Opens <= joined[last].Closes {
			joined[last].Closes = max(joined[last].Closes, p.Closes)
		} else {
			joined = append(joined, p)
		}
	}
	return joined
}

// DayOf is the day of the week; Go's begins on Sunday.
func DayOf(date Date) Day {
	return (Day(date.midnight.Weekday()) + Sunday) % BankHoliday //nolint:gosec // 0 to 6
}
