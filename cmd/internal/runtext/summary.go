// Package runtext writes for people what a run did.
package runtext

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Rows returns the summary of a run as a table of two columns.
func Rows(s runs.Summary) [][]string {
	if s.Report == ods.ReportOfCommissioners {
		return commissionerRows(s)
	}
	rows := [][]string{titleRow(s)}
	if s.Digest != "" { // without a plan nothing was counted
		rows = append(rows, countRows(s)...)
	}
	rows = append(rows, differenceRows(s.Differs)...)
	if s.Note != "" {
		rows = append(rows, []string{"note", s.Note})
	}
	if s.Error != "" {
		rows = append(rows, []string{"error", s.Error})
	}
	return rows
}

// countRows are the numbers of a run that has been planned.
func countRows(s runs.Summary) [][]string {
	rows := [][]string{
		{"records", fmt.Sprintf("%d, %d rejected", s.Records, s.Rejected)},
		{"profiles", fmt.Sprintf("%d open afterwards", s.Population)},
		{"changes", fmt.Sprintf("%d created, %d updated, %d closed, %d reopened, %d dormant",
			s.Changes.Create, s.Changes.Update, s.Changes.Close, s.Changes.Reopen, s.Changes.Dormant)},
	}
	if len(s.Fields) > 0 {
		rows = append(rows, []string{"fields", FieldCounts(s.Fields)})
	}
	for _, a := range s.ApprovedAhead {
		rows = append(rows, []string{"approved ahead", fmt.Sprintf("%d in %s by %s", a.Count, a.Plan, a.By)})
	}
	for _, w := range s.Withheld {
		what := strings.TrimSpace(fmt.Sprintf("%d of %d %s %s", w.Count, w.Of, w.Type, w.Field))
		rows = append(rows, []string{"withheld", what + ": " + string(w.Reason)})
	}
	rows = append(rows, notedRows(s)...)
	if s.Withdrawn > 0 {
		rows = append(rows, []string{"withdrawn", fmt.Sprintf("%d that waited: the register or the profile says something else", s.Withdrawn)})
	}
	if len(s.Decisions) > 0 {
		rows = append(rows, []string{"decisions", decisionCounts(s.Decisions)})
	}
	standing := fmt.Sprintf("%d closures await confirmation, %d contradictions", s.PendingClose, s.Contradictions)
	if s.Waiting > 0 && len(s.Decisions) == 0 { // which are newer
		standing += fmt.Sprintf(", %d wait for a decision", s.Waiting)
	}
	rows = append(rows, []string{"standing", standing})
	for _, l := range s.LeftOut {
		rows = append(rows, []string{"left out", leftOut(l)})
	}
	return rows
}

// commissionerRows are for the report of commissioners: it is kept, not reconciled.
func commissionerRows(s runs.Summary) [][]string {
	rows := [][]string{{s.Report, fmt.Sprintf("%s, as of %s", s.State, s.AsOf)}}
	if s.Error != "" {
		return append(rows, []string{"error", s.Error})
	}
	return append(rows, []string{"records", strconv.Itoa(s.Records)}, []string{"note", s.Note})
}

// titleRow names the run, with the plan that it is to apply, or the plan.
func titleRow(s runs.Summary) []string {
	what := fmt.Sprintf("%s, %s as of %s", s.State, s.Report, s.AsOf)
	if s.Rehearsal {
		return []string{"rehearsal " + s.Plan.String(), what + ": never applied"}
	}
	if s.Run == "" {
		return []string{"plan " + s.Plan.String(), what}
	}
	if s.Plan != 0 {
		what += ", by plan " + s.Plan.String()
	}
	return []string{"run " + s.Run, what}
}

// notedRows say what a run noted of its records beside their changes.
func notedRows(s runs.Summary) (rows [][]string) {
	if l := s.NewLayout; l != nil && len(l.NotCompared) > 0 {
		rows = append(rows, []string{"not compared", strings.Join(l.NotCompared, ", ") + ": different meaning in the new layout"})
	}
	for _, w := range s.NoProfile {
		codes := make([]string, len(w.Codes))
		for i, code := range w.Codes {
			codes[i] = string(code)
		}
		named := strings.Join(codes, " ")
		if len(codes) < w.Count {
			named += " and others"
		}
		rows = append(rows, []string{"no profile", fmt.Sprintf("%d because %s: %s", w.Count, whyNone[w.Because], named)})
	}
	if len(s.Noted) > 0 {
		rows = append(rows, []string{"bad values", FieldCounts(s.Noted)})
	}
	return rows
}

// whyNone are the reasons for having no profile, for people.
var whyNone = map[runs.NoProfile]string{
	runs.OnlyAlive:   "only the API shows them, and they may be dormant",
	runs.IsDormant:   "they are dormant",
	runs.TypeUnknown: "their record does not say what they are",
}

// FieldCounts lists counts of fields, in the order of fields.
func FieldCounts(counts map[string]int) string {
	var parts []string
	for _, f := range profile.Fields() {
		if n := counts[f.String()]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", f, n))
		}
	}
	return strings.Join(parts, ", ")
}

// decisionCounts lists the decisions on the changes that a run withheld.
func decisionCounts(counts map[string]int) string {
	var parts []string
	for _, decision := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[decision], decision))
	}
	return strings.Join(parts, ", ")
}
