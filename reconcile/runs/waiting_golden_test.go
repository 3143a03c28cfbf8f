package runs_test

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// numbered returns pharmacies, each with a name of its own.
func numbered(from, to int, edits ...func(*profile.Record)) (records []profile.Record) {
	for n := from; n < to; n++ {
		named := stating(profile.FieldName, fmt.Sprintf("CHEMIST NUMBER %d", n))
		r := pharmacy(coded(codeOf(n)), named)
		for _, edit := range edits {
			edit(&r)
		}
		records = append(records, r)
	}
	return records
}

func renamed(r *profile.Record) {
	r.Values.Set(profile.FieldName, r.Values.Get(profile.FieldName)+" RENAMED SHOP")
}

func moved(r *profile.Record) {
	r.Values.Set(profile.FieldAddress, "2 MILL LANE\nYORK")
	r.Values.Set(profile.FieldPostcode, "YO1 7HH")
}

// begin loads a register without telling it.
func (s *story) begin(records ...profile.Record) {
	s.brief = true
	s.list(records...)
	s.pull(s.t)
}

// approveAll approves everything that waits: exactly that is applied.
func (s *story) approveAll(title string) {
	chosen := s.allWaiting()
	applied, left := s.approve(s.t, chosen)
	require.Equal(s.t, chosen, applied)
	require.Empty(s.t, left)
	require.Empty(s.t, s.allWaiting())
	s.tell(title, runs.Plan{Changes: applied}, nil, nil)
}

// Eleven closures are one too many on the third day. On the fourth they are ten,
// which would have been few enough, but they wait.
func closuresHeld(s *story) {
	s.begin(numbered(0, 100)...)
	s.list(numbered(0, 11, standing(profile.Inactive), closes(0))...)
	s.look("first look", today.AddDays(1))
	s.look("second look", today.AddDays(2))
	s.list(numbered(10, 11)...)
	require.Empty(s.t, s.look("one comes back, ten still wait", today.AddDays(3)))
	s.approveAll("approved")
	require.Empty(s.t, s.look("nothing left", today.AddDays(4)))
}

// Twelve new names are more than a tenth of 110 profiles, and no more than a tenth
// of 120, but they wait.
func namesHeld(s *story) {
	s.begin(numbered(0, 110)...)
	s.list(numbered(0, 12, renamed)...)
	s.look("twelve of 110", today.AddDays(1))
	s.list(numbered(110, 120)...)
	require.Len(s.t, s.look("twelve of 120", today.AddDays(2)), 10, "the creations")
	require.Empty(s.t, s.look("still waiting", today.AddDays(3)))
	s.edit(codeOf(1), profile.FieldName, "By Hand")
	s.edit(codeOf(2), profile.FieldName, "Chemist Number 2 Renamed Shop")
	s.list(numbered(0, 1)...)
	s.list(numbered(3, 4, stating(profile.FieldName, "SOMETHING ELSE"))...)
	s.look("one old name, two edits by hand, one other name", today.AddDays(4))
	s.reject(s.allWaiting()[:2])
	require.Empty(s.t, s.look("two rejected", today.AddDays(5)))
	s.approveAll("approved")
	require.Empty(s.t, s.look("nothing left", today.AddDays(6)))
}

// An address never waits without its postcode.
func movesHeld(s *story) {
	s.guard.Floor = 2
	s.begin(numbered(0, 5)...)
	s.list(numbered(0, 3, moved)...)
	s.look("three move", today.AddDays(1))
	s.edit(codeOf(0), profile.FieldPostcode, "YO1 7HH")
	s.edit(codeOf(1), profile.FieldAddress, "By Hand")
	s.list(numbered(2, 3, moved, stating(profile.FieldPostcode, "YO1 9ZZ"))...)
	s.list(numbered(4, 5, moved)...)
	s.look("half by hand, another address by hand, another postcode, a fourth", today.AddDays(2))
	s.approveAll("approved")
	require.Empty(s.t, s.look("nothing left", today.AddDays(3)))
}
