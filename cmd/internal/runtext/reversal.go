package runtext

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/reconcile/runs"
)

// Reversal is what an undo would take back.
type Reversal struct {
	runs.Summary

	Marks   int             `json:"marks"`   // missing marks that would be removed
	Beyond  []runs.Withheld `json:"beyond"`  // more than a run may change unasked
	Listing bool            `json:"listing"` // a listing and its looks would count no more

	TakenBack []runs.TakenBack `json:"rows" nullable:"false"` // what would become of fields, the first of them
	More      int              `json:"more"`                  // fields than are named
}

// mostLeftOut is how many fields that an undo leaves out are named before it.
const mostLeftOut = 20

// Rows returns what the undo of a run would take back as a table of two columns.
func (r Reversal) Rows(parent runs.Run, kind string) [][]string {
	what := fmt.Sprintf("%s as of %s, requested by %s", parent.Report, parent.AsOf, parent.Actor)
	rows := [][]string{{"undo of run " + parent.ID.String(), kind + ", " + what}}
	for _, row := range []struct {
		count int
		what  string
	}{
		{r.Changes.Close, "profiles closed; those that the run created are hidden too"},
		{r.Changes.Reopen, "profiles reopened"},
		{r.Changes.Dormant, "profiles made dormant again"},
		{r.Changes.Update, "profiles get former values back"},
		{r.Marks, "missing marks removed"},
	} {
		if row.count > 0 {
			rows = append(rows, []string{"", strconv.Itoa(row.count) + " " + row.what})
		}
	}
	if len(rows) == 1 {
		rows = append(rows, []string{"", "no profile would change"})
	}
	if len(r.Fields) > 0 {
		rows = append(rows, []string{"fields", FieldCounts(r.Fields)})
	}
	if r.Listing {
		rows = append(rows, []string{"listing", "counts no more, nor do its looks; later ones are measured against the one before"})
	}
	for i, l := range r.LeftOut {
		if i == mostLeftOut {
			rows = append(rows, []string{"left out", fmt.Sprintf("and %d more", len(r.LeftOut)-i)})
			break
		}
		rows = append(rows, []string{"left out", leftOut(l)})
	}
	for _, w := range r.Beyond {
		what := strings.TrimSpace(fmt.Sprintf("%d of %d %s %s", w.Count, w.Of, w.Type, w.Field))
		rows = append(rows, []string{"unusual", what + ": more than a run may change unasked"})
	}
	return rows
}

// leftOut says what was left out, and why.
func leftOut(l runs.LeftOut) string {
	return strings.TrimSpace(l.Code.String()+" "+l.Field) + ": " + WhyLeft(l.Because)
}

// WhyLeft says why a decision leaves something out.
func WhyLeft(because runs.LeftReason) string {
	why := map[runs.LeftReason]string{
		runs.LeftHeld: "held", runs.LeftClosed: "the profile is closed", runs.LeftTakenBack: "the register does not say it any more",
	}[because]
	if why == "" {
		return "changed since"
	}
	return why
}
