package calendartest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// event is a day of the list, with every field of the real one.
type event struct {
	Title   string `json:"title"`
	Date    string `json:"date"`
	Notes   string `json:"notes"`
	Bunting bool   `json:"bunting"`
}

type division struct {
	Division string  `json:"division"`
	Events   []event `json:"events"`
}

// list returns the list as it is now. The other divisions have days of their own,
// so that reading the wrong one is noticed.
func (s *Server) list() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now().In(profile.London()).Year()
	england := division{Division: "england-and-wales"}
	scotland, ireland := division{Division: "scotland"}, division{Division: "northern-ireland"}
	var days []people.Holiday
	for year := now - s.options.Back; year <= now+s.options.Ahead; year++ {
		days = append(days, people.ComputedHolidays(year)...)
		scotland.Events = append(scotland.Events, eventOn(year, time.November, 30, "St Andrew’s Day"))
		ireland.Events = append(ireland.Events, eventOn(year, time.July, 12, "Battle of the Boyne (Orangemen’s Day)"))
	}
	for _, h := range append(days, s.extra...) {
		if !s.gone[h.Date] {
			england.Events = append(england.Events, eventOf(h))
		}
	}
	slices.SortStableFunc(england.Events, func(a, b event) int { return strings.Compare(a.Date, b.Date) })
	body, err := json.Marshal(map[string]division{
		england.Division: england, scotland.Division: scotland, ireland.Division: ireland,
	})
	if err != nil { // our own types: a bug in this package
		panic(fmt.Sprintf("calendartest: the list does not marshal: %v", err))
	}
	return body
}

func eventOn(year int, month time.Month, day int, title string) event {
	return event{Title: title, Date: profile.NewDate(year, month, day).String(), Bunting: true}
}

// eventOf separates the title from the note, as the real list does.
func eventOf(h people.Holiday) event {
	title, substitute := strings.CutSuffix(h.Title, " (substitute day)")
	e := event{Title: title, Date: h.Date.String(), Bunting: title != "Good Friday"}
	if substitute {
		e.Notes = "Substitute day"
	}
	return e
}

func tagOf(body []byte) string { return fmt.Sprintf(`W/"%x"`, sha256.Sum256(body)) }
