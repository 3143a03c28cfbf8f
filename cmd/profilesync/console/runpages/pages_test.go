package runpages

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/console/pagetest"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

var (
	at  = time.Date(2026, 4, 9, 9, 30, 0, 0, time.UTC)
	day = profile.NewDate(2026, time.April, 9)
)

func board(icb string) string {
	return map[string]string{"QWO": "NHS West Yorkshire Integrated Care Board", "QF7": "NHS South Yorkshire Integrated Care Board"}[icb]
}

func withheldRun() runs.Run {
	run := runs.Run{
		ID: 12, Kind: runs.RunListing, Source: profile.SourceODS, Report: "etr", AsOf: day, Actor: "ann", State: runs.RunWithheld, Plan: 3,
	}
	run.Summary = runs.NewSummary(run)
	run.Summary.Digest, run.Summary.Records, run.Summary.Population = "abc", 273, 205
	run.Summary.Changes = runs.ChangeCounts{Update: 4}
	run.Summary.Fields = map[string]int{"name": 3, "address": 1}
	run.Summary.Withheld = []runs.Withheld{{Reason: runs.MassChange, Type: profile.Trust, Field: "icb", Count: 2, Of: 205}}
	return run
}

func waiting() (rows []runstore.WaitingRow) {
	for _, code := range []profile.ODSCode{"RR8", "RVJ"} {
		rows = append(rows, runstore.WaitingRow{
			Run: 12, Report: "etr", Code: code, Name: "Trust <" + string(code) + "> of a long name with & and commas", Type: profile.Trust,
			Verb: runs.Update, Field: "icb", Fact: "icb", Old: "QF7", New: "QWO", Withheld: runs.MassChange, Since: at, By: "ann",
		})
	}
	return append(rows, runstore.WaitingRow{
		Run: 12, Report: "etr", Code: "RAA", Type: profile.Trust, Verb: runs.Create, Withheld: runs.WasUndone, Since: at, New: "{}",
		By: "ann",
	})
}

// approved is a run of which one change waits, one was just approved, and one was left out;
// more changes were withheld than are shown.
func approved(all bool) page.Page {
	row := func(code profile.ODSCode) runstore.Planned {
		return runstore.Planned{
			Code: code, Verb: runs.Update, Field: "icb", Old: "QF7", New: "QWO", Reason: runs.BecauseUpstream, Withheld: runs.MassChange,
			Waits: true,
		}
	}
	agreed, left, applied := row("RVJ"), row("RAA"), row("R0A")
	agreed.Decision, agreed.By, agreed.In = runs.Approved, "bea", 13
	left.Waits, left.Withheld, left.LeftOut = false, "", runs.LeftHeld
	applied.Waits, applied.Withheld, applied.Field = false, "", "name"
	waits := waiting()[:2]
	waits[1].Approved = 13
	o := oneRun{run: withheldRun(), values: values{board}, all: all}
	o = o.divided(waits, []runstore.Planned{row("RR8"), agreed, left, applied}, 1, 2)
	return o.page()
}

func decided(mayApprove bool) page.Page {
	return oneRun{
		run: withheldRun(), mayApprove: mayApprove, mayCancel: mayApprove, waiting: waiting(), values: values{board}, hidden: 20,
		names: map[profile.ODSCode]string{"R0A": "Manchester University Nhs Trust"},
		rows: []runstore.Planned{
			{
				Code: "R0A", Verb: runs.Update, Field: "name", Old: "MANCHESTER NHS", New: "Manchester University NHS Trust",
				Reason: runs.BecauseUpstream,
			},
			{
				Code: "R0B", Verb: runs.Update, Field: "address", Old: "1 High Street\nLeeds", New: "2 High Street\nLeeds",
				Reason: runs.BecauseUpstream,
			},
			{Code: "R0C", Verb: runs.Close, Field: "status", Old: "open", New: "closed", Reason: runs.BecauseUpstream},
		},
	}.page()
}

// rehearsed is a rehearsal of which something can be decided on, something is, and something was used.
func rehearsed(mayApprove bool) rehearsal {
	row := func(code profile.ODSCode, state planstore.State) planstore.Rehearsed {
		r := planstore.Rehearsed{
			Code: code, Name: "Trust <" + string(code) + ">", Type: profile.Trust, Verb: runs.Update, Field: "icb", Fact: "icb", Old: "QF7",
			New: "QWO", Withheld: runs.MassChange, State: state,
		}
		if state != planstore.Unapproved {
			r.By, r.First, r.Last = "bea", day, day.AddDays(7)
		}
		switch state {
		case planstore.Used:
			r.Run = 12
		case planstore.Withdrawn:
			r.EndedBy = "cid"
		}
		return r
	}
	closing := row("RAA", planstore.Unapproved)
	closing.Verb, closing.Field, closing.Fact, closing.Withheld = runs.Close, "status", "status", runs.TooManyRemovals
	closing.Old, closing.New = "open", "closed"
	return rehearsal{
		run:    runs.Run{Source: profile.SourceODS, Report: "etr", AsOf: day, Plan: 7, Actor: "ann"},
		values: values{board}, mayApprove: mayApprove, rows: []planstore.Rehearsed{
			row("RR8", planstore.Unapproved), row("RVJ", planstore.Withdrawn), closing, row("R0A", planstore.Open), row("R0B", planstore.Open),
			row("R0C", planstore.Used),
		},
	}
}

func refusedAhead() page.Page {
	h := rehearsed(true)
	h.typed = typedAhead{do: "approve-ahead", group: groupAhead(h.rows[0]).name(), first: "2026-04-09", codes: []string{"RVJ"}}
	p := h.page()
	p.Errors = []page.FieldError{{Field: "last-1", Text: "Give the last day, as 2026-12-31"}}
	p.EachForm(func(f page.Form) page.Form { return f.Marked(&p) })
	return p
}

func pages() map[string]page.Page {
	working := withheldRun()
	working.State = runs.RunRunning
	queued := withheldRun()
	queued.State = runs.RunQueued
	lines := []runstore.RunLine{
		{Run: withheldRun(), CreatedAt: at, EndedAt: at.Add(90 * time.Second)},
		{
			Run: runs.Run{
				ID: 11, Kind: runs.RunApprove, Parent: 10, Source: profile.SourceODS, Report: "edispensary", AsOf: day, Actor: "bea",
				State: runs.RunDone,
			}, CreatedAt: at,
		},
	}
	undo := actions.UndoPreview{Run: withheldRun(), Reversal: runtext.Reversal{
		TakenBack: []runs.TakenBack{
			{Code: "RR8", Verb: runs.Update, Field: "icb", Old: "QXX", New: "QWO"},
			{Code: "RVJ", Verb: runs.Update, Field: "icb", Old: "QWO", New: "QXX", LeftOut: runs.LeftHeld},
		},
		More:    3,
		Summary: runs.Summary{Digest: "abc", Changes: runs.ChangeCounts{Update: 54}, Fields: map[string]int{"icb": 54}},
		Beyond:  []runs.Withheld{{Count: 54, Of: 205, Type: profile.Trust, Field: "icb"}}, Listing: true,
	}}
	change := planstore.Shown{Fact: "icb", Profiles: 55}
	change.Code, change.Name, change.Type = "RR8", "Leeds Teaching Hospitals NHS Trust", profile.Trust
	change.Verb, change.Field = runs.Update, "icb"
	change.Old, change.New, change.Withheld = "QF7", "QWO", runs.MassChange
	kept := runstore.KeptPlan{
		Run: runs.Run{Source: profile.SourceODS, Report: "etr", AsOf: day, Plan: 3}, Summary: withheldRun().Summary, Kept: true,
	}
	kept.Summary.Run, kept.Summary.Plan = "", 3
	refused := askPage(true, []string{"etr", "edispensary"}, typedRequest{how: byCodes, codes: "RR8 R?"})
	refused.Errors = []page.FieldError{{Field: "codes", Text: "ODS code \"R?\": want only letters and digits"}}
	refused.EachForm(func(f page.Form) page.Form { return f.Marked(&refused) })
	same := kept
	same.Kind, same.Summary.Changes, same.Summary.Fields, same.Summary.Withheld = runs.RunListing, runs.ChangeCounts{}, nil, nil
	sameCodes := same
	sameCodes.Kind = runs.RunDelta
	coming := kept
	coming.Kind = runs.RunRehearsal
	rehearsals := []planstore.KeptRehearsal{
		{Plan: 7, Source: profile.SourceODS, Report: "etr", AsOf: day, Actor: "ann", At: at, Free: 2, Approved: 1},
	}
	return map[string]page.Page{
		"rehearsals": rehearsalsPage(rehearsals), "rehearsals-none": rehearsalsPage(nil),
		"rehearsal": rehearsed(true).page(), "rehearsal-of-reader": rehearsed(false).page(), "rehearsal-refused": refusedAhead(),
		"rehearsal-empty": rehearsal{run: runs.Run{Source: profile.SourceODS, Report: "etr", AsOf: day, Plan: 7}}.page(),
		"plan-rehearsal":  planPage(coming, []planstore.Shown{change}, values{board}, true),
		"runs":            listPage(lines, "", 1), "runs-none": listPage(nil, profile.SourceERS, mostRuns),
		"plan-same": planPage(same, nil, values{board}, true), "plan-same-codes": planPage(sameCodes, nil, values{board}, true),
		"run-approved": approved(false), "run-approved-all": approved(true),
		"run-decide": decided(true), "run-of-reader": decided(false),
		"run-working": oneRun{run: working, progress: runstore.Progress{Stage: "comparing", Done: 1200, Total: 14000}}.page(),
		"run-queued":  oneRun{run: queued, mayCancel: true}.page(), "undo": undoPage(undo, "13"),
		"plan": planPage(kept, []planstore.Shown{change}, values{board}, true), "reconcile": askPage(true, []string{"etr"}, typedRequest{}),
		"reconcile-refused": refused,
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	for name, p := range pages() {
		pagetest.Golden(t, name, p)
	}
}

func TestPagesInBrowser(t *testing.T) {
	t.Parallel()
	pagetest.Look(t, pages())
}

// What cannot be ticked is rejected only after a second look.
func TestRejectingAllHasToBeOpened(t *testing.T) {
	t.Parallel()
	of := make([]runstore.WaitingRow, mostTicks+1)
	for i := range of {
		of[i] = waiting()[0]
	}
	blocks := oneRun{run: withheldRun(), mayApprove: true, values: values{board}}.groupSection(of).Blocks
	form, isForm := blocks[len(blocks)-2].(page.Form)
	require.True(t, isForm)
	require.Equal(t, []page.Button{{Text: "Approve all 1,001", Name: "do", Value: "approve"}}, form.Buttons)
	rejects, isClosed := blocks[len(blocks)-1].(page.Details)
	require.True(t, isClosed)
	require.False(t, rejects.Open)
	require.Equal(t, form.Hidden, rejects.Blocks[1].(page.Form).Hidden, "of the same changes")
}
