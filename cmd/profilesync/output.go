package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/profilesync/profilesync/reconcile"
)

// print writes a result: JSON, one object a line, or a table.
func (a *app) print(object any, header string, rows [][]string) {
	if a.json {
		_ = json.NewEncoder(a.stdout).Encode(object)
		return
	}
	table := tabwriter.NewWriter(a.stdout, 0, 8, 2, ' ', 0)
	if header != "" {
		_, _ = fmt.Fprintln(table, strings.ReplaceAll(header, " | ", "\t"))
	}
	for _, row := range rows {
		_, _ = fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	_ = table.Flush()
}

func (a *app) printSummary(s reconcile.Summary) {
	name := "run " + s.Run
	if s.Run == "" {
		name = "plan"
	}
	rows := [][]string{
		{name, fmt.Sprintf("%s, %s as of %s", s.State, s.Report, s.AsOf)},
		{"records", fmt.Sprintf("%d, %d rejected", s.Records, s.Rejected)},
		{"profiles", fmt.Sprintf("%d open afterwards", s.Population)},
		{"changes", fmt.Sprintf("%d created, %d updated, %d closed, %d reopened, %d dormant",
			s.Changes.Create, s.Changes.Update, s.Changes.Close, s.Changes.Reopen, s.Changes.Dormant)},
	}
	if len(s.Fields) > 0 {
		rows = append(rows, []string{"fields", fieldCounts(s.Fields)})
	}
	for _, w := range s.Withheld {
		rows = append(rows, []string{"withheld", strings.TrimSpace(fmt.Sprintf("%d of %d %s %s: %s", w.Count, w.Of, w.Type, w.Field, w.Reason))})
	}
	rows = append(rows, []string{"standing", fmt.Sprintf("%d closures await their second look, %d contradictions", s.PendingClose, s.Contradictions)})
	for _, l := range s.LeftOut {
		rows = append(rows, []string{"left out", fmt.Sprintf("%s %s: it changed since", l.Code, l.Field)})
	}
	if s.Error != "" {
		rows = append(rows, []string{"error", s.Error})
	}
	a.print(s, "", rows)
}

// fieldCounts lists counts in the order of fields.
func fieldCounts(counts map[string]int) string {
	var parts []string
	for _, f := range reconcile.Fields() {
		if n := counts[f.String()]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", f, n))
		}
	}
	return strings.Join(parts, ", ")
}
