package profile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Opening times are stored as text, one line per period. Weekly ones read `mon
// 09:00-17:30`, with mon to sun or bank-holiday; dated ones `2026-12-24
// 09:00-16:00` or `2026-12-25 closed`. A period that closes before it opens
// crosses midnight, one that closes at 00:00 ends with the day, and
// 00:00-00:00 is a whole day. Times are those of the clock on the wall, to the
// minute.

var dayNames = [numDays]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun", "bank-holiday"}

const closedAllDay = "closed"

// String returns the period in the form of opening times. Hours past 24:00
// belong to the next day; the public form has none.
func (p Period) String() string { return Clock(p.Opens) + "-" + Clock(p.Closes) }

// Clock formats minutes from midnight as HH:MM.
func Clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// ParseWeek parses weekly opening times. The error names each unreadable line,
// by number and text; the week holds the others.
func ParseWeek(weekly string) (Week, error) {
	week, leftOut := readWeek(weekly)
	return week, asError("opening times", leftOut)
}

// ParseDated parses dated opening times; the days are sorted, each date once.
// The error names each line that is unreadable, or that opens a day which
// another line closes, by number and text; the days hold the others.
func ParseDated(dated string) ([]DatedDay, error) {
	days, leftOut := readDated(dated)
	return days, asError("dated opening times", leftOut)
}

// line is a line of a text, numbered from 1.
type line struct {
	number int
	text   string
}

// unread is a line that could not be read.
type unread struct {
	line

	why error
}

// isUnreadable reports whether nobody can say what the line means. A line that
// opens a day which another line closes can be read, and is overruled.
func (l unread) isUnreadable() bool { return !errors.Is(l.why, errAlsoClosed) }

func asError(what string, leftOut []unread) error {
	errs := make([]error, len(leftOut))
	for i, l := range leftOut {
		errs[i] = fmt.Errorf("%s, line %d %q: %w", what, l.number, l.text, l.why)
	}
	return errors.Join(errs...)
}

// weeklyLine is a line of weekly opening times: a period of a day.
type weeklyLine struct {
	line
	Day
	Period
}

func readWeek(text string) (week Week, leftOut []unread) {
	lines, leftOut := readLines(text, parseWeekly)
	for _, l := range lines {
		week[l.Day] = append(week[l.Day], l.Period)
	}
	for day, periods := range week {
		week[day] = joined(periods)
	}
	return week, leftOut
}

// datedLine is a line of dated opening times: a day with one period or none.
type datedLine struct {
	line
	DatedDay
}

func readDated(text string) (days []DatedDay, leftOut []unread) {
	lines, leftOut := readLines(text, parseDated)
	days, contradicted := gathered(lines)
	return days, append(leftOut, contradicted...)
}

// readLines separates the lines that can be read from the others.
func readLines[T any](text string, parse func(line) (T, error)) (lines []T, leftOut []unread) {
	for _, l := range linesOf(text) {
		parsed, err := parse(l)
		if err != nil {
			leftOut = append(leftOut, unread{l, err})
			continue
		}
		lines = append(lines, parsed)
	}
	return lines, leftOut
}

// gathered combines the lines of a date into a day. A date stated as both
// closed and open is closed: sending people to a closed door is worse than not
// sending them to an open one.
func gathered(lines []datedLine) (days []DatedDay, contradicted []unread) {
	slices.SortStableFunc(lines, func(a, b datedLine) int { // closed first
		return cmp.Or(a.Date.Compare(b.Date), cmp.Compare(len(a.Periods), len(b.Periods)))
	})
	for _, l := range lines {
		last := len(days) - 1
		switch {
		case last < 0 || days[last].Date != l.Date:
			days = append(days, l.DatedDay)
		case len(days[last].Periods) == 0 && len(l.Periods) > 0:
			contradicted = append(contradicted, unread{l.line, errAlsoClosed})
		default:
			days[last].Periods = append(days[last].Periods, l.Periods...)
		}
	}
	for i := range days {
		days[i].Periods = joined(days[i].Periods)
	}
	return days, contradicted
}

var errAlsoClosed = errors.New("another line says that the day is closed, and is believed")

// linesOf returns the lines that are not blank, with their numbers.
func linesOf(text string) (lines []line) {
	for i, l := range strings.Split(text, "\n") {
		if l != "" {
			lines = append(lines, line{i + 1, l})
		}
	}
	return lines
}

func parseWeekly(l line) (weeklyLine, error) {
	name, times, _ := strings.Cut(l.text, " ")
	day := slices.Index(dayNames[:], name)
	if day < 0 {
		return weeklyLine{}, fmt.Errorf("day %q: want one of %v", name, dayNames)
	}
	period, err := parsePeriod(times)
	return weeklyLine{l, Day(day), period}, err //nolint:gosec // an index of dayNames
}

func parseDated(l line) (datedLine, error) {
	name, times, _ := strings.Cut(l.text, " ")
	date, err := ParseDate(name)
	if err != nil {
		return datedLine{}, err
	}
	if date.IsZero() || !date.Before(NewDate(9999, 12, 31)) { // the day after must have four digits too
		return datedLine{}, fmt.Errorf("date %q: want a day before 9999-12-31", name)
	}
	if times == closedAllDay {
		return datedLine{l, DatedDay{Date: date}}, nil
	}
	period, err := parsePeriod(times)
	return datedLine{l, DatedDay{date, []Period{period}}}, err
}

// Periods that no door keeps.
var (
	errSameTime = errors.New("opens and closes at the same time: a whole day is 00:00-00:00; give another closing time, or remove the line")
	errNoTime   = errors.New("opens in the last minute of the day and closes at midnight: give an earlier opening time, or remove the line")
)

func parsePeriod(times string) (Period, error) {
	from, to, _ := strings.Cut(times, "-")
	opens, err := parseClock(from)
	if err != nil {
		return Period{}, fmt.Errorf("period %q: %w", times, err)
	}
	closes, err := parseClock(to)
	switch {
	case err != nil:
	case opens == closes && opens != 0:
		err = errSameTime
	case opens == lastMinute && closes == 0:
		err = errNoTime
	}
	if err != nil {
		return Period{}, fmt.Errorf("period %q: %w", times, err)
	}
	if closes == 0 {
		return Period{opens, lastMinute}, nil
	}
	if closes < opens {
		closes += midnight
	}
	return Period{opens, closes}, nil
}

// What is wrong with a time, and what to do.
var (
	errNoClock  = errors.New("want opening and closing, as 09:00-17:30")
	errSeconds  = errors.New("times have no seconds: give hours and minutes, as 09:00-17:30")
	errMidnight = errors.New("24:00 is not a time here: midnight is 00:00, and a whole day 00:00-00:00")
)

// parseClock parses HH:MM, 00:00 to 23:59, as minutes.
func parseClock(s string) (minutes int, err error) {
	if minutes, ok := readClock(s); ok {
		if minutes == midnight {
			return 0, errMidnight
		}
		return minutes, nil
	}
	if len(s) == len("09:00:00") && s[5] == ':' && isDigit(s[6]) && isDigit(s[7]) {
		if minutes, ok := readClock(s[:5]); ok && minutes < midnight {
			return 0, errSeconds
		}
	}
	return 0, errNoClock
}

// readClock parses HH:MM, 00:00 to 24:00.
func readClock(s string) (minutes int, ok bool) {
	if len(s) != len("09:00") || s[2] != ':' || !isDigit(s[0]) || !isDigit(s[1]) || !isDigit(s[3]) || !isDigit(s[4]) {
		return 0, false
	}
	hour, minute := int(s[0]-'0')*10+int(s[1]-'0'), int(s[3]-'0')*10+int(s[4]-'0')
	minutes = hour*60 + minute
	return minutes, minute < 60 && minutes <= midnight
}

// lines formats the week, one line per period.
func (w Week) lines() (lines []string) {
	for day, periods := range w {
		for _, p := range periods {
			lines = append(lines, dayNames[day]+" "+p.String())
		}
	}
	return lines
}

// datedLines formats days, one line per period.
func datedLines(days []DatedDay) (lines []string) {
	for _, day := range days {
		if len(day.Periods) == 0 {
			lines = append(lines, day.Date.String()+" "+closedAllDay)
		}
		for _, p := range day.Periods {
			lines = append(lines, day.Date.String()+" "+p.String())
		}
	}
	return lines
}

func joinLines(lines []string) string { return strings.Join(lines, "\n") }
