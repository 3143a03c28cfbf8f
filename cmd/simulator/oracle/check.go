package oracle

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// CheckRun compares a run with the prediction, and its error names every number
// that is wrong.
func CheckRun(want, got runs.Summary) error {
	var wrong []string
	differ := func(what string, want, got any) {
		if !reflect.DeepEqual(want, got) {
			wrong = append(wrong, fmt.Sprintf("  %-15s want %v, got %v", what, want, got))
		}
	}
	differ("state", want.State, got.State)
	differ("rejected", want.Rejected, got.Rejected)
	differ("population", want.Population, got.Population)
	differ("changes", want.Changes, got.Changes)
	differ("fields", want.Fields, got.Fields)
	differ("withheld", want.Withheld, got.Withheld)
	differ("left out", codes(want.LeftOut), codes(got.LeftOut))
	if want.Records > 0 { // a listing; an approval or undo has no records and none of these totals
		differ("report", want.Report, got.Report)
		differ("as of", want.AsOf, got.AsOf)
		differ("records", want.Records, got.Records)
		differ("pending close", want.PendingClose, got.PendingClose)
		differ("contradictions", want.Contradictions, got.Contradictions)
	}
	if len(wrong) == 0 {
		return nil
	}
	if got.Error != "" {
		wrong = append(wrong, "  its error       "+got.Error)
	}
	return errors.New("run " + got.Run + " of " + want.Report + " did not do what the register asks for:\n" + strings.Join(wrong, "\n"))
}

func codes(left []runs.LeftOut) []string {
	list := make([]string, 0, len(left))
	for _, l := range left {
		list = append(list, string(l.Code)+" "+l.Field)
	}
	slices.Sort(list)
	return list
}

// CheckTally compares a tally with the prediction, and its error names every
// number that is wrong.
func CheckTally(want, got outside.Tally) error {
	var wrong []string
	for _, row := range []struct {
		what      string
		want, got int
	}{
		{"DoS applied", want.DoS.Applied, got.DoS.Applied},
		{"DoS closed", want.DoS.Hidden, got.DoS.Hidden},
		{"DoS refused", want.DoS.Refused, got.DoS.Refused},
		{"DoS lost", want.DoS.Lost, got.DoS.Lost},
		{"DoS twice", want.DoS.Twice, got.DoS.Twice},
		{"DoS backwards", want.DoS.Backwards, got.DoS.Backwards},
		{"website stored", want.Website.Stored, got.Website.Stored},
		{"website refused", want.Website.Refused, got.Website.Refused},
		{"website twice", want.Website.Twice, got.Website.Twice},
		{"website backwards", want.Website.Backwards, got.Website.Backwards},
	} {
		if row.want != row.got {
			wrong = append(wrong, fmt.Sprintf("  %-17s want %d, got %d", row.what, row.want, row.got))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("what arrived is not what the profiles ask for:\n%s", strings.Join(wrong, "\n"))
}
