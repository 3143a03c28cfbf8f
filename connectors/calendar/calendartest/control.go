package calendartest

import (
	"errors"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// day is the body of a request to change the list.
type day struct {
	Date  profile.Date `json:"date"`
	Title string       `json:"title"`
}

func (s *Server) control() {
	s.Route("POST /control/vanish", simulate.Command(func(d day) error {
		if d.Date.IsZero() {
			return errors.New("want a date")
		}
		s.Vanish(d.Date)
		return nil
	}))
	s.Route("POST /control/appear", simulate.Command(func(d day) error {
		if d.Date.IsZero() || d.Title == "" {
			return errors.New("want a date and a title")
		}
		s.Appear(people.Holiday{Date: d.Date, Title: d.Title})
		return nil
	}))
	s.Route("POST /control/restore", simulate.Action(s.Restore))
}
