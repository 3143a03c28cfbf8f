package dostest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// period is in minutes from midnight.
type period struct{ from, to int }

func (p period) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", p.from/60, p.from%60, p.to/60, p.to%60)
}

var days = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// slot holds the rows of one weekday or date.
type slot struct {
	periods []period
	closed  bool
}

// add adds a row if it is well-formed.
func (s *slot) add(row openingRow) error {
	if row.IsOpen == nil {
		return errors.New("IsOpen is not true or false")
	}
	if !*row.IsOpen {
		if row.OpeningTime != "" || row.ClosingTime != "" {
			return errors.New("closed, with times")
		}
		s.closed = true
		return nil
	}
	from, err := clock(row.OpeningTime)
	if err != nil {
		return err
	}
	to, err := clock(row.ClosingTime)
	if err != nil {
		return err
	}
	s.periods = append(s.periods, period{from, to})
	return nil
}

// check sorts the periods and checks that they make sense together.
func (s *slot) check() error {
	if s.closed && len(s.periods) > 0 {
		return errors.New("both open and closed")
	}
	slices.SortFunc(s.periods, func(a, b period) int { return cmp.Compare(a.from, b.from) })
	for i, p := range s.periods {
		if p.from >= p.to {
			return fmt.Errorf("%s ends before it starts", p)
		}
		if i > 0 && p.from <= s.periods[i-1].to {
			return fmt.Errorf("%s overlaps or touches %s", p, s.periods[i-1])
		}
	}
	return nil
}

// clock reads HH:MM or HH:MM:SS; the hour may have one digit.
func clock(text string) (int, error) {
	parts := strings.Split(text, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, fmt.Errorf("time %q", text)
	}
	limits, numbers := []int{24, 60, 60}, [3]int{}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil || int(n) >= limits[i] || len(part) > 2 {
			return 0, fmt.Errorf("time %q", text)
		}
		numbers[i] = int(n)
	}
	return numbers[0]*60 + numbers[1], nil
}

// opening is what an event says about opening times.
type opening struct {
	weekly    string // "" if the whole week is blank: then DoS keeps its own
	specified string
}

// openings reads the rows: all or nothing (CONTRACT.md "Opening times").
func (e *event) openings(today string) (opening, error) {
	if e.timesUnreadable {
		return opening{}, errors.New("a row of the wrong type")
	}
	var week [7]slot
	dates := make(map[string]*slot) // by the text as written: Jan 1 and Jan 01 are two, as in DoS
	for _, row := range e.OpeningTimes {
		if err := place(&week, dates, row); err != nil {
			return opening{}, err
		}
	}
	weekly, err := weeklyText(&week)
	if err != nil {
		return opening{}, err
	}
	specified, err := specifiedText(dates, today)
	return opening{weekly, specified}, err
}

func place(week *[7]slot, dates map[string]*slot, row openingRow) error {
	switch strings.ToLower(row.OpeningTimeType) {
	case "general":
		day := slices.Index(days, strings.ToLower(row.Weekday))
		if day < 0 || row.AdditionalOpeningDate != "" {
			return fmt.Errorf("weekday %q, date %q", row.Weekday, row.AdditionalOpeningDate)
		}
		return week[day].add(row)
	case "additional":
		if _, err := time.Parse("Jan 2 2006", row.AdditionalOpeningDate); err != nil {
			return fmt.Errorf("date %q", row.AdditionalOpeningDate)
		}
		if dates[row.AdditionalOpeningDate] == nil {
			dates[row.AdditionalOpeningDate] = new(slot)
		}
		return dates[row.AdditionalOpeningDate].add(row)
	}
	return fmt.Errorf("type %q", row.OpeningTimeType)
}

func weeklyText(week *[7]slot) (string, error) {
	var lines []string
	for day := range week {
		if err := week[day].check(); err != nil {
			return "", fmt.Errorf("%s: %w", days[day], err)
		}
		for _, p := range week[day].periods {
			lines = append(lines, days[day][:3]+" "+p.String())
		}
	}
	return strings.Join(lines, "\n"), nil
}

// specifiedText leaves out days before today.
func specifiedText(dates map[string]*slot, today string) (string, error) {
	var lines []string
	for written, s := range dates {
		if err := s.check(); err != nil {
			return "", fmt.Errorf("%s: %w", written, err)
		}
		day, err := time.Parse("Jan 2 2006", written)
		if err != nil {
			return "", err
		}
		date := day.Format(time.DateOnly)
		if date < today {
			continue
		}
		if s.closed {
			lines = append(lines, date+" closed")
		}
		for _, p := range s.periods {
			lines = append(lines, date+" "+p.String())
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n"), nil
}
