package demo

import (
	"fmt"
	"strings"

	"github.com/profilesync/profilesync/cmd/simulator/screen"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Finding is the result of a run in words; empty if there was nothing to do.
func Finding(r runs.Summary) string {
	var parts []string
	if r.Changes != (runs.ChangeCounts{}) {
		parts = append(parts, changed(r.Changes))
	}
	for _, w := range r.Withheld {
		parts = append(parts, fmt.Sprintf("%d of %d held back: %s, %s", w.Count, w.Of, w.Reason, w.Field))
	}
	if r.PendingClose > 0 {
		parts = append(parts, fmt.Sprintf("%d closing", r.PendingClose))
	}
	if r.Error != "" {
		parts = append(parts, string(r.State)+": "+r.Error)
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("%6s records: %s", screen.Number(r.Records), strings.Join(parts, "; "))
}

// changed is what was changed, in words.
func changed(c runs.ChangeCounts) string {
	var parts []string
	for _, kind := range []struct {
		n    int
		word string
	}{{c.Create, "created"}, {c.Update, "updated"}, {c.Close, "closed"}, {c.Reopen, "reopened"}, {c.Dormant, "marked dormant"}} {
		if kind.n > 0 {
			parts = append(parts, screen.Number(kind.n)+" "+kind.word)
		}
	}
	if len(parts) == 0 {
		return "nothing changed"
	}
	return strings.Join(parts, ", ")
}

// total is the sum of runs.
type total struct {
	runs, records, withheld, pending, contradictions int
	changes                                          runs.ChangeCounts
}

func totalOf(runs []runs.Summary) (t total) {
	for _, r := range runs {
		t.runs++
		t.records += r.Records
		t.pending += r.PendingClose
		t.contradictions += r.Contradictions
		t.changes.Create += r.Changes.Create
		t.changes.Update += r.Changes.Update
		t.changes.Close += r.Changes.Close
		t.changes.Reopen += r.Changes.Reopen
		t.changes.Dormant += r.Changes.Dormant
		for _, w := range r.Withheld {
			t.withheld += w.Count
		}
	}
	return t
}
