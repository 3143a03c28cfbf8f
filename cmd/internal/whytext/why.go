// Package whytext tells how a value came about, in plain English.
//
//	why.go     the steps by which it came about
//	sinks.go   what became of it at the sinks
package whytext

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/connectors/postgres/historystore"
	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Step is one step of the way of a value: from a register or a person to the sinks.
type Step struct {
	Field string    `json:"field"`
	At    time.Time `json:"at,omitzero"` // zero for what stands
	Kind  StepKind  `json:"kind"`
	Text  string    `json:"text"` // plain English, one line; people by their ids alone

	Change int64     `json:"change,omitempty"` // the first of the audit's rows
	Run    runs.ID   `json:"run,omitempty"`
	Sink   push.Sink `json:"sink,omitempty"`
	Number int64     `json:"number,omitempty"` // of the push

	counted time.Time // see At: what steps are ordered by; zero for At
}

// StepKind says what a step is.
type StepKind string

// The kinds of step. A new way for a value to come about is a kind of its own.
const (
	Stands       StepKind = "stands" // the value, and who owns it
	WasCreated   StepKind = "created"
	WasChanged   StepKind = "changed"
	WasWithheld  StepKind = "withheld"
	WasRejected  StepKind = "rejected"
	WasHeld      StepKind = "held"
	WasReleased  StepKind = "released"
	WasSaid      StepKind = "said"       // that the place has closed, whatever the register says
	WasConfirmed StepKind = "confirmed"  // that it has: sinks are told so
	WasTakenBack StepKind = "taken-back" // that it has
	WasSent      StepKind = "sent"
	WasAccepted  StepKind = "accepted"
	WasSeen      StepKind = "seen"
	Differs      StepKind = "differs"
	NotThere     StepKind = "not-there" // why a sink has not got the value
)

// story is what is told, and what names the columns of a listing.
type story struct {
	historystore.Explained

	column func(r history.Run, f profile.Field) string
	whole  bool // all fields are told: each hold is told once
}

// Of returns the chain behind the value of a field; without a field, behind each that
// has a value, or had one. First comes the value itself, then what happened to it, the
// oldest first, then what became of it at each sink; without a field, who held the profile
// for a sink comes last. Column names the columns of a
// listing in which a field is; empty where it is in none.
func Of(told historystore.Explained, f profile.Field, column func(r history.Run, f profile.Field) string) (steps []Step) {
	t := story{told, column, f == profile.NoField}
	fields := []profile.Field{f}
	if f == profile.NoField {
		fields = t.told()
	}
	values := t.Now.Whole()
	for _, f := range fields {
		steps = append(steps, Step{Field: f.String(), Kind: Stands, Text: quoted(values.Get(f)) + "; " + owners[f.Owner()]})
		origin := slices.Concat(t.created(f), t.changed(f), t.undecided(f), t.held(f), t.closures(f))
		slices.SortStableFunc(origin, func(a, b Step) int { return a.order().Compare(b.order()) })
		steps = append(steps, origin...)
		for _, p := range t.Pushes {
			steps = append(steps, t.at(p, f)...)
		}
	}
	if t.whole {
		steps = append(steps, t.heldFor(func(push.Sink) bool { return true }, profile.NoField)...)
	}
	return steps
}

func (s Step) order() time.Time {
	if s.counted.IsZero() {
		return s.At
	}
	return s.counted
}

var owners = map[profile.Owner]string{
	profile.OwnedByODS: "the register owns it (ods)", profile.OwnedByERS: "the e-Referral Service owns it (ers)",
	profile.OwnedByEditor: "editors own it (editor)", profile.OwnedByDesk: "the service desk owns it (desk)",
}

// told lists the fields that have a value, or had one.
func (t story) told() (fields []profile.Field) {
	values := t.Now.Whole()
	for _, f := range profile.Fields() {
		if values.Get(f) != "" || slices.ContainsFunc(t.Changes, func(c history.Change) bool { return c.Of() == f }) {
			fields = append(fields, f)
		}
	}
	return fields
}

// created says with which value the profile was created, if it had one.
func (t story) created(f profile.Field) []Step {
	at := slices.IndexFunc(t.Changes, func(c history.Change) bool { return c.Field == history.Created })
	if at < 0 || f.InRows() {
		return nil
	}
	value := t.Now.Values.Get(f)
	if first := slices.IndexFunc(t.Changes, func(c history.Change) bool { return c.Of() == f }); first >= 0 {
		value = t.Changes[first].Old
	}
	c := t.Changes[at]
	if value == "" {
		return nil
	}
	return []Step{{
		Field: f.String(), At: c.At, Kind: WasCreated, Change: c.ID, Run: c.Run,
		Text: t.who(c, f) + " created the profile with " + quoted(value),
	}}
}

// changed says what changed the field. What one transaction wrote is one step; before an
// approval comes what was withheld.
func (t story) changed(f profile.Field) (steps []Step) {
	groups, counted := t.groups(f)
	for n, rows := range groups {
		first := rows[0]
		if t.Runs[first.Run].Kind == runs.RunApprove {
			steps = append(steps, t.withheldBy(t.Runs[first.Run].Parent, f)...)
		}
		steps = append(steps, Step{
			Field: f.String(), At: first.At, Kind: WasChanged, Change: first.ID, Run: first.Run, counted: counted[n],
			Text: t.who(first, f) + " " + written(f, rows) + t.reason(first),
		})
	}
	return steps
}

// groups are the changes of a field, those of one transaction together, and from when
// each counts.
func (t story) groups(f profile.Field) (groups [][]history.Change, counted []time.Time) {
	from := history.Since(t.Changes)
	for i, c := range t.Changes {
		if c.Of() != f {
			continue
		}
		if n := len(groups); n > 0 && groups[n-1][0].Transaction == c.Transaction {
			groups[n-1] = append(groups[n-1], c)
			continue
		}
		groups, counted = append(groups, []history.Change{c}), append(counted, from[i])
	}
	return groups, counted
}

// who names the writer of a change: a run with what it read, or a person.
func (t story) who(c history.Change, f profile.Field) string {
	if c.Run != 0 {
		return t.run(c.Run, f)
	}
	if c.Role != "" && c.Role != c.Actor {
		return c.Actor + " (as " + c.Role + ")"
	}
	return c.Actor
}

// run names a run, and what it read of the field.
func (t story) run(id runs.ID, f profile.Field) string {
	r, known := t.Runs[id]
	switch {
	case !known:
		return "run " + id.String()
	case r.Kind == runs.RunApprove:
		return fmt.Sprintf("run %d, the approval of run %d by %s,", id, r.Parent, r.Actor)
	case r.Kind == runs.RunUndo:
		return fmt.Sprintf("run %d, the undo of run %d by %s,", id, r.Parent, r.Actor)
	case r.Source == profile.SourceERS:
		return fmt.Sprintf("run %d, answers of the e-Referral Service on %s,", id, r.AsOf)
	case r.Kind == runs.RunDelta:
		return fmt.Sprintf("run %d, a delta of %s (report %s), on %s,", id, r.Source, r.Report, r.AsOf)
	}
	column := t.column(r, f)
	if column != "" {
		column = ", " + column
	}
	return fmt.Sprintf("run %d, the listing %s of %s%s,", id, r.Report, r.AsOf, column)
}

// reason says why a change was made, where that does not follow from who made it.
func (t story) reason(c history.Change) string {
	ahead, wasAhead := t.Ahead[historystore.Planned{Run: c.Run, Field: c.Field}]
	back := slices.IndexFunc(t.TakenBack, func(b history.TakenBack) bool { return b.Transaction == c.Transaction })
	switch {
	case wasAhead:
		return fmt.Sprintf(", as %s had approved ahead in rehearsal %s on %s", ahead.By, ahead.Plan, profile.DateIn(ahead.At, profile.London()))
	case c.Run != 0 && t.Reasons[historystore.Planned{Run: c.Run, Field: c.Field}] == runs.BecauseDrift:
		return ": somebody had edited what the register owns"
	case back >= 0:
		b := t.TakenBack[back]
		return strings.TrimSuffix(fmt.Sprintf(", taking change %d back: %s", b.Change, b.Reason), ": ")
	case c.Reason != "":
		return ": " + columns.OneLine(c.Reason)
	}
	return ""
}

// written says what one transaction wrote of a field.
func written(f profile.Field, rows []history.Change) string {
	if !f.InRows() {
		return "changed it from " + quoted(rows[0].Old) + " to " + quoted(rows[len(rows)-1].New)
	}
	texts := make([]string, len(rows))
	for n, c := range rows {
		before, after := partText(f, c.Old), partText(f, c.New)
		switch {
		case c.Old == "":
			texts[n] = "added " + after
		case c.New == "":
			texts[n] = "removed " + before
		default:
			texts[n] = "changed " + before + " to " + after
		}
	}
	return strings.Join(texts, ", ")
}

// withheldBy says what a run withheld of the field.
func (t story) withheldBy(id runs.ID, f profile.Field) (steps []Step) {
	for _, w := range t.Withheld {
		if w.Run == id && w.Field == f.String() {
			steps = append(steps, t.withheld(w, f))
		}
	}
	return steps
}

func (t story) withheld(w historystore.Withheld, f profile.Field) Step {
	would := fmt.Sprintf("would have changed it from %s to %s, and withheld that: %s", quoted(w.Old), quoted(w.New), w.Reason)
	return Step{Field: w.Field, At: t.Runs[w.Run].At, Kind: WasWithheld, Run: w.Run, Text: t.run(w.Run, f) + " " + would}
}

// undecided says which changes of the field wait, and which were rejected.
func (t story) undecided(f profile.Field) (steps []Step) {
	for _, w := range t.Withheld {
		switch step := t.withheld(w, f); {
		case w.Field != f.String():
		case w.Waits:
			step.Text += "; it waits for a decision"
			steps = append(steps, step)
		case w.Decision == runs.Rejected:
			rejected := Step{Field: w.Field, At: w.At, Kind: WasRejected, Run: w.Run, Text: w.By + " rejected " + quoted(w.New)}
			steps = append(steps, step, rejected)
		}
	}
	return steps
}

// held says who held the field, or one of its fact, and until when.
func (t story) held(f profile.Field) (steps []Step) {
	for _, h := range t.Holds {
		of, err := profile.ParseField(h.Field)
		if err != nil || of.Fact() != f.Fact() || t.whole && of != f {
			continue
		}
		steps = append(steps, stepsOf(h, f, "it")...)
	}
	return steps
}

// heldFor says who held the profile for a sink, and until when.
func (t story) heldFor(wanted func(push.Sink) bool, f profile.Field) (steps []Step) {
	for _, h := range t.Holds {
		if h.Sink != "" && wanted(h.Sink) {
			steps = append(steps, stepsOf(h, f, string(h.Sink))...)
		}
	}
	return steps
}

// closures says who said that the place has closed, whatever the register says: sinks
// are told that as the status.
func (t story) closures(f profile.Field) (steps []Step) {
	if f != profile.FieldStatus {
		return nil
	}
	for _, c := range t.Closures {
		step := Step{Field: f.String(), At: c.At}
		switch c.Step {
		case historystore.ClosureConfirmed:
			step.Kind, step.Text = WasConfirmed, " confirmed that it has closed, which sinks are told"
			if c.Successor != "" {
				step.Text += ", and that " + c.Successor.String() + " follows it"
			}
		case historystore.ClosureTakenBack:
			step.Kind, step.Text = WasTakenBack, " took back that it has closed"
		default:
			step.Kind, step.Text = WasSaid, " said that it has closed"
		}
		step.Text = strings.TrimSuffix(c.By+step.Text+": "+columns.OneLine(c.Reason), ": ")
		steps = append(steps, step)
	}
	return steps
}

func stepsOf(h history.Hold, f profile.Field, what string) []Step {
	until := "without end"
	if !h.Until.IsZero() {
		until = "until " + h.Until.String()
	}
	steps := []Step{{
		Field: f.String(), At: h.At, Kind: WasHeld, Sink: h.Sink,
		Text: fmt.Sprintf("%s held %s %s: %s", h.Actor, what, until, columns.OneLine(h.Reason)),
	}}
	if !h.Removed.IsZero() {
		steps = append(steps, Step{Field: f.String(), At: h.Removed, Kind: WasReleased, Sink: h.Sink, Text: h.RemovedBy + " ended the hold"})
	}
	return steps
}

// quoted is a value on one line.
func quoted(value string) string {
	if value == "" {
		return "nothing"
	}
	return `"` + columns.OneLine(value) + `"`
}

// partText is a part on one line, as a push reads it.
func partText(f profile.Field, part string) string {
	if part == "" {
		return ""
	}
	return quoted(cmp.Or(history.Standing{Parts: []history.Part{{Field: f, JSON: part}}}.Text(f), part))
}
