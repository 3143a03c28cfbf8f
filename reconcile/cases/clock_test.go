package cases_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// everybody has one recipient for each owner.
func everybody() cases.Directory {
	return cases.Directory{
		Managers: map[profile.ODSCode][]people.AccountID{"FA001": {1}}, Leads: map[profile.ODSCode][]people.AccountID{"QAA": {2}},
		Administrators: []people.AccountID{3},
		Lists:          map[profile.ODSCode]bool{cases.ServiceDeskList: true, cases.RegisterDeskList: true, people.NationalList: true},
	}
}

var ownerOf = map[string]cases.Owner{
	"u-1": cases.Managers, "u-2": cases.Board, "u-3": cases.Operations,
	"list-service-desk": cases.ServiceDesk, "list-register-desk": cases.RegisterDesk,
}

// played plays November and December 2026, hour by hour from Monday 2 November, 05:00,
// and returns when each owner is first told of a case of a kind that opens then. Until
// a day it is set aside.
func played(t *testing.T, kind cases.Kind, aside profile.Date) string {
	t.Helper()
	s := opened(t, kind, "02 05:00")
	first, order := make(map[cases.Owner]string), []string{}
	for at := moment(t, "02 05:00"); at.Now.Year() == 2026; at.Now = at.Now.Add(time.Hour) {
		if s.State = cases.Open; !at.Today().After(aside) {
			s.State, s.Until = cases.SetAside, aside
		}
		hour := at.Now.In(profile.London()).Hour()
		for _, l := range cases.Letters([]cases.Stored{s}, everybody(), at, hour == 8) {
			for _, item := range l.Items {
				if owner := ownerOf[l.To.String()]; item.News == cases.IsNew && first[owner] == "" {
					first[owner] = fmt.Sprintf("%s %s %dh", owner, at.Now.Format("2 Jan"), hour)
					order = append(order, first[owner])
				}
				s.Told[l.To] = s.Told[l.To].And(item.News, at.Today())
			}
		}
	}
	return strings.Join(order, ", ")
}

// Each kind is told to its first owner, at once or at eight; and to the next ones after
// its deadline. A case that is set aside is told when its day has passed.
func TestWhenEachKindIsTold(t *testing.T) {
	t.Parallel()
	const (
		toDesks      = "operations 2 Nov 8h, register-desk 4 Nov 8h"
		inADay       = "operations 2 Nov 5h, service-desk 3 Nov 0h"
		fromManagers = "managers 2 Nov 8h, board 17 Nov 8h"
		fromBoard    = "board 2 Nov 8h, service-desk 17 Nov 8h"
		fromRegister = "register-desk 2 Nov 8h, board 17 Nov 8h"
		toRegister   = "board 2 Nov 8h, register-desk 17 Nov 8h"
	)
	want := map[cases.Kind]string{
		cases.MassChangeWithheld: inADay,
		cases.RemovalsWithheld:   inADay,
		cases.ListingRefused:     "operations 2 Nov 5h, register-desk 3 Nov 0h",
		cases.ShortListing:       toDesks,
		cases.MeaningChanged:     "operations 2 Nov 8h, service-desk 5 Nov 8h",
		cases.UndoneWithheld:     "operations 2 Nov 8h, service-desk 10 Nov 8h",
		cases.SourceLate:         toDesks,
		cases.QuarantinedRecord:  "operations 2 Nov 8h, register-desk 10 Nov 8h",
		cases.ClosureRefused:     "service-desk 2 Nov 5h, operations 3 Nov 0h",
		cases.SinkPaused:         inADay,
		cases.PushRefused:        "service-desk 2 Nov 8h, managers 5 Nov 8h",
		cases.PushWaits:          "managers 2 Nov 8h, service-desk 10 Nov 8h",
		cases.FieldUnsent:        "managers 2 Nov 8h, service-desk 10 Nov 8h",
		cases.DriftGivenUp:       "service-desk 2 Nov 8h, operations 10 Nov 8h",
		"dos-invalid-hours":      fromManagers, "dos-overlapping-hours": fromManagers, "dos-contradiction": fromManagers,
		"dos-no-dos-place": fromBoard, "dos-missing-service-type": fromBoard, "dos-duplicate-service-type": fromBoard,
		"dos-generic-bank-holiday": fromBoard, "dos-open-all-hours": fromBoard, "dos-gone-but-active": fromBoard,
		"dos-invalid-dos-hours": fromBoard, "dos-overlapping-dos-hours": fromBoard, "dos-wrong-z-code": fromBoard,
		"dos-postcode-unknown":   "service-desk 2 Nov 8h, operations 17 Nov 8h",
		cases.ClosurePending:     "managers 2 Nov 8h, board 4 Nov 8h",
		cases.ClosedWithHours:    "managers 2 Nov 8h, board 5 Nov 8h",
		cases.Missing:            toRegister,
		cases.LeftType:           fromBoard,
		cases.Deleted:            toRegister,
		cases.InactiveWithoutEnd: fromRegister,
		cases.Contradiction:      fromRegister,
		cases.SuccessorNamed:     "service-desk 2 Nov 8h, board 10 Nov 8h",
		cases.Renamed:            "managers 2 Nov 8h, board 1 Dec 8h",
		cases.ProbableDuplicate:  fromBoard,
		cases.ClosedInReality:    "board 2 Nov 8h, service-desk 10 Nov 8h, register-desk 17 Nov 8h",
		cases.ClosureConfirmed:   "register-desk 2 Nov 8h, board 9 Nov 8h, service-desk 16 Nov 8h",
		cases.AccountsWithheld:   "operations 2 Nov 8h, service-desk 5 Nov 8h",
		cases.NoAccountManager:   fromBoard,
		cases.NoRecipient:        fromBoard,
		cases.LastManagerIdle:    fromBoard,
		cases.CheckOverdue:       "board 2 Nov 8h, service-desk 1 Dec 8h",
		cases.LetterBounced:      "service-desk 2 Nov 8h, board 10 Nov 8h",
		cases.HolidayVanished:    "operations 2 Nov 8h",
	}
	got := make(map[cases.Kind]string)
	for _, kind := range cases.Kinds() {
		got[kind] = played(t, kind, profile.Date{})
		owner, _, _ := strings.Cut(got[kind], " ")
		aside := played(t, kind, profile.NewDate(2026, time.November, 2))
		when := map[bool]string{true: "3 Nov 0h", false: "3 Nov 8h"}[kind.Urgent()]
		require.Contains(t, aside, owner+" "+when, "%s, set aside until 2 November", kind)
		require.True(t, slices.Contains(cases.Owners(), cases.Owner(owner)))
	}
	require.Equal(t, want, got)
}
