package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/reconcile/runs"
)

// check holds a run against what was foretold, and names every number that is
// wrong.
func check(want, got runs.Summary) error {
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
	if want.Records > 0 { // a listing: an approval or undo has none, and no standing totals of its own
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
		wrong = append(wrong, "  it said         "+got.Error)
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
