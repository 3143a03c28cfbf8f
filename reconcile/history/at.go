package history

import (
	"fmt"
	"slices"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// NotYetError says that a profile did not exist at the instant asked for.
type NotYetError struct {
	Code    profile.ODSCode
	Created time.Time
}

func (e NotYetError) Error() string {
	return fmt.Sprintf("profile %s: it did not exist then; it was created at %s", e.Code, inLondon(e.Created))
}

// At returns the profile as it stood at an instant: the present one, with every change
// after the instant undone, the newest first. The changes are all of the profile, by
// their numbers. Unfit are the changes whose new value is not what stood after them:
// something else than the audited ways wrote the profile. It returns a NotYetError for
// an instant before the creation.
//
// A change counts from the moment when its transaction began, but never from before the
// one that it followed.
func At(now Standing, changes []Change, instant time.Time) (then Standing, unfit []int64, err error) {
	then = Standing{Code: now.Code, Values: now.Values, Parts: slices.Clone(now.Parts)}
	counted := Since(changes)
	for n, c := range slices.Backward(changes) {
		if !counted[n].After(instant) {
			continue
		}
		if c.Field == Created {
			return Standing{}, nil, NotYetError{now.Code, counted[n]}
		}
		if !then.undo(c) {
			unfit = append(unfit, c.ID)
		}
	}
	slices.Sort(unfit)
	return then, unfit, nil
}

// Since returns from when each of a profile's changes counts (RULES.md "History").
func Since(changes []Change) []time.Time {
	counted := make([]time.Time, len(changes))
	last := map[string]time.Time{}
	for n, c := range changes {
		counted[n] = c.At
		for _, before := range []time.Time{last[Created], last[c.Field]} {
			if counted[n].Before(before) {
				counted[n] = before
			}
		}
		last[c.Field] = counted[n]
	}
	return counted
}

// undo takes a change back. It reports whether what stood was what the change had
// written.
func (s *Standing) undo(c Change) (fits bool) {
	f := c.Of()
	switch {
	case f == profile.NoField:
		return false
	case !f.InRows():
		fits = s.Values.Get(f) == c.New
		s.Values.Set(f, c.Old)
		return fits
	}
	fits = c.New == "" || s.remove(Part{f, c.New})
	if c.Old != "" {
		s.Parts = append(s.Parts, Part{f, c.Old})
	}
	return fits
}

// remove removes one part; it reports whether it was there.
func (s *Standing) remove(part Part) bool {
	facts := part.facts()
	at := slices.IndexFunc(s.Parts, func(p Part) bool { return p.Field == part.Field && p.facts() == facts })
	if at < 0 {
		return false
	}
	s.Parts = slices.Delete(s.Parts, at, at+1)
	return true
}
