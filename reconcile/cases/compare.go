package cases

import (
	"maps"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// State is the state of a stored case.
type State string

// The states.
const (
	Open     State = "open"
	Waiting  State = "waiting"   // for somebody, until a day
	SetAside State = "set-aside" // by a person, until a day
	Gone     State = "gone"      // what it was about is no more
)

// Stored is a case as it is stored.
type Stored struct {
	Case

	ID       int64
	State    State
	Openings int          // how often it opened
	Opened   time.Time    // since it was last gone
	Deadline profile.Date // by when its owner has to act
	Until    profile.Date // the last day of waiting or being set aside
	Told     map[Recipient]Told
}

// Opening is a case that opens, or opens again.
type Opening struct {
	Case

	Deadline profile.Date
}

// Update is a stored case whose facts are others now.
type Update struct {
	ID int64
	Case
}

// Steps are what makes the stored cases those that ought to stand.
type Steps struct {
	Open   []Opening
	Update []Update
	Resume []int64 // what it waited for is due: it is open again
	End    []int64
}

// Empty reports whether everything stands as it ought to.
func (s Steps) Empty() bool { return len(s.Open)+len(s.Update)+len(s.Resume)+len(s.End) == 0 }

// Compare returns the steps from the stored cases, of which those that are gone may be
// left out, to those that ought to stand.
func Compare(stored []Stored, standing []Case, at Moment) (steps Steps) {
	today := at.Today()
	left := make(map[Key]Stored, len(stored))
	for _, s := range stored {
		if s.State != Gone {
			left[s.Key()] = s
		}
	}
	for _, c := range standing {
		old, stands := left[c.Key()]
		if !stands {
			steps.Open = append(steps.Open, Opening{c, c.Kind.deadline(at)})
			continue
		}
		delete(left, c.Key())
		if !old.same(c) {
			steps.Update = append(steps.Update, Update{old.ID, c})
		}
		if old.State != Open && old.Until.Before(today) {
			steps.Resume = append(steps.Resume, old.ID)
		}
	}
	for _, s := range stored {
		if _, ends := left[s.Key()]; ends {
			steps.End = append(steps.End, s.ID)
		}
	}
	return steps
}

func (c Case) same(other Case) bool {
	return c.Code == other.Code && c.Board == other.Board && c.Since.Equal(other.Since) && maps.Equal(c.Facts, other.Facts)
}
