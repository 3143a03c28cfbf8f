package history_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// scalars are fields of every owner that has fields without parts, and two facts.
var scalars = []profile.Field{
	profile.FieldName, profile.FieldAddress, profile.FieldPostcode, profile.FieldICB, profile.FieldRegion, profile.FieldPhone,
	profile.FieldHidden, profile.FieldKind,
}

// drawPast is a profile that people and runs have written, some fields at once each time.
func drawPast(t *rapid.T) *past {
	p := newPast()
	p.by("t0", "u-1", 1, 1)
	for n := range rapid.IntRange(1, 12).Draw(t, "transactions") {
		rows := rapid.IntRange(1, 4).Draw(t, "rows")
		for range rows {
			p.drawChange(t)
		}
		run := runs.ID(rapid.SampledFrom([]int{0, 0, 2, 3}).Draw(t, "run"))
		p.by(fmt.Sprintf("t%d", n+1), "u-2", run, rows)
		p.together(rows)
	}
	return p
}

func (p *past) drawChange(t *rapid.T) {
	n := rapid.IntRange(0, 3).Draw(t, "n")
	switch what := rapid.IntRange(0, 3).Draw(t, "what"); {
	case what <= 1:
		f := rapid.SampledFrom(scalars).Draw(t, "field")
		old := p.now.Values.Get(f)
		for value := n; ; value++ {
			if text := fmt.Sprintf("%s %d", f, value); text != old {
				p.set(f, text)
				return
			}
		}
	case what == 2 || n >= len(p.now.Parts):
		p.add(facility(n))
	default:
		p.remove(n)
	}
}

// together dates the last changes alike, as those of one transaction are.
func (p *past) together(rows int) {
	last := p.changes[len(p.changes)-rows:]
	for n := range last {
		last[n].At = last[0].At
	}
}

// apply makes a profile what a reversal says, and writes the audit of it.
func (p *past) apply(back history.Reversal, transaction string) {
	before := len(p.changes)
	for _, v := range back.Values {
		p.set(v.Field, v.Was)
	}
	for _, part := range back.Remove {
		p.remove(slices.Index(p.now.Parts, part))
	}
	for _, part := range back.Add {
		p.add(part)
	}
	p.by(transaction, "u-9", 0, len(p.changes)-before)
	p.together(len(p.changes) - before)
}

// lastTransaction returns the rows of the newest transaction that wrote the fact, and the
// instant just before.
func (p *past) lastTransaction(f profile.Field) (rows []history.Change, before time.Time) {
	for _, c := range slices.Backward(p.changes) {
		if c.Of() == profile.NoField || c.Of().Fact() != f.Fact() {
			continue
		}
		if len(rows) > 0 && rows[0].Transaction != c.Transaction {
			break
		}
		rows = append(rows, c)
	}
	if len(rows) == 0 {
		return nil, before
	}
	return rows, rows[0].At.Add(-time.Nanosecond)
}

func drawField(t *rapid.T) profile.Field {
	return rapid.SampledFrom(append([]profile.Field{profile.FieldFacilities}, scalars...)).Draw(t, "undone")
}

// What an undo gives is what the whole fact was before the newest transaction that wrote
// it, and nothing else changes.
func TestAnUndoGivesWhatAnInstantBeforeShows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, f := drawPast(t), drawField(t)
		rows, before := p.lastTransaction(f)
		back, err := p.told().Undo(f, 0, today)
		if len(rows) == 0 {
			require.ErrorAs(t, err, new(history.NothingLeftError))
			return
		}
		was, _, failed := history.At(p.now, p.changes, before)
		require.NoError(t, failed)
		unchanged := p.now.Whole()
		if errors.As(err, new(history.NothingLeftError)) {
			require.Empty(t, differences(was.Whole(), unchanged, f), "it ended where it began")
			return
		}
		require.NoError(t, err)
		require.Len(t, back.Changes, len(rows))
		p.apply(back, "t99")
		require.Empty(t, differences(was.Whole(), p.now.Whole(), f), "the fact is as it was")
		requireOthersStay(t, f, unchanged, p.now.Whole())
	})
}

// differences lists the fields of a fact that differ.
func differences(a, b profile.Values, fact profile.Field) (fields []string) {
	for _, f := range profile.Fields() {
		if f.Fact() == fact.Fact() && a.Get(f) != b.Get(f) {
			fields = append(fields, f.String())
		}
	}
	return fields
}

func requireOthersStay(t *rapid.T, fact profile.Field, before, after profile.Values) {
	t.Helper()
	for _, f := range profile.Fields() {
		if f.Fact() != fact.Fact() {
			require.Equal(t, before.Get(f), after.Get(f), "%s stays", f)
		}
	}
}

// A second undo finds nothing, whatever was asked first, by number or not; the audit of
// the first is history like any other.
func TestASecondUndoFindsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, f := drawPast(t), drawField(t)
		back, err := p.told().Undo(f, 0, today)
		if err != nil {
			t.Skip("nothing to undo")
		}
		between, at := p.now.Whole(), p.changes[len(p.changes)-1].At
		p.apply(back, "t99")
		told := p.told()
		for _, id := range back.Changes {
			told.TakenBack = append(told.TakenBack, history.TakenBack{Change: id, Transaction: "t99", Actor: "u-9", At: start})
		}
		for _, number := range append(back.Changes, 0, p.changes[len(p.changes)-1].ID) {
			_, err := told.Undo(f, number, today)
			require.ErrorAs(t, err, new(history.NothingLeftError), "number %d", number)
		}
		then, unfit, err := history.At(p.now, p.changes, at)
		require.NoError(t, err)
		require.Empty(t, unfit)
		require.Equal(t, between, then.Whole())
	})
}

// Marks are exactly what a run wrote of the fields that the register owns.
func TestMarksAreWhatARunWroteOfTheRegistersFields(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, f := drawPast(t), drawField(t)
		back, err := p.told().Undo(f, 0, today)
		if err != nil {
			t.Skip("nothing to undo")
		}
		rows, _ := p.lastTransaction(f)
		var want []history.Mark
		for _, v := range back.Values {
			if rows[0].Run != 0 && v.Field.Owner() == profile.OwnedByODS {
				want = append(want, history.Mark{Field: v.Field, Value: p.now.Values.Get(v.Field), Run: rows[0].Run})
			}
		}
		require.Equal(t, want, back.Marks)
	})
}

// A hold of any field of the fact refuses the undo, and of no other.
func TestOnlyAHoldOfTheFactRefuses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, f := drawPast(t), drawField(t)
		if _, err := p.told().Undo(f, 0, today); err != nil {
			t.Skip("nothing to undo")
		}
		held := rapid.SampledFrom(profile.Fields()).Draw(t, "held")
		told := p.told()
		told.Holds = []history.Hold{{Field: held.String(), Actor: "u-4", Reason: "asked"}}
		_, err := told.Undo(f, 0, today)
		if held.Fact() == f.Fact() {
			require.ErrorAs(t, err, new(history.RefusedError))
			require.EqualError(t, err, held.String()+" is held by u-4: asked")
		} else {
			require.NoError(t, err)
		}
	})
}

// Only the newest transaction of the fact can be named, by any of its rows.
func TestOnlyTheNewestCanBeNamed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, f := drawPast(t), drawField(t)
		want, err := p.told().Undo(f, 0, today)
		if err != nil {
			t.Skip("nothing to undo")
		}
		number := rapid.Int64Range(1, int64(len(p.changes))+1).Draw(t, "number")
		got, err := p.told().Undo(f, number, today)
		if slices.Contains(want.Changes, number) {
			require.NoError(t, err)
			require.Equal(t, want, got)
		} else {
			require.ErrorAs(t, err, new(history.RefusedError))
		}
	})
}

// The way back to an instant may be gone in two: what was rebuilt is as good as what
// stood.
func TestAnInstantBeforeAnInstant(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPast(t)
		moments := make([]time.Time, len(p.changes))
		for n, c := range p.changes {
			moments[n] = c.At
		}
		early, late := rapid.SampledFrom(moments).Draw(t, "early"), rapid.SampledFrom(moments).Draw(t, "late")
		if late.Before(early) {
			early, late = late, early
		}
		direct, _, err := history.At(p.now, p.changes, early)
		require.NoError(t, err)
		half, _, err := history.At(p.now, p.changes, late)
		require.NoError(t, err)
		until := slices.DeleteFunc(slices.Clone(p.changes), func(c history.Change) bool { return c.At.After(late) })
		again, unfit, err := history.At(half, until, early)
		require.NoError(t, err)
		require.Empty(t, unfit)
		require.Equal(t, direct.Whole(), again.Whole())
	})
}
