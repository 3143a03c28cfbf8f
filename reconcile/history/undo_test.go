package history_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

var today = profile.NewDate(2026, 3, 30)

// by names the writer and the transaction of the last changes of a past.
func (p *past) by(transaction, actor string, run runs.ID, rows int) {
	for n := len(p.changes) - rows; n < len(p.changes); n++ {
		p.changes[n].Transaction, p.changes[n].Actor, p.changes[n].Run = transaction, actor, run
	}
}

func (p *past) told() history.Told { return history.Told{Now: p.now, Changes: p.changes} }

// moved is a profile that run 7 moved, after an editor had changed two things at once.
func moved() *past {
	p := newPast()
	p.by("t1", "u-1", 1, 1)
	p.set(profile.FieldPhone, "0113 496 0001")
	p.add(facility(1))
	p.add(facility(2))
	p.by("t2", "u-2", 0, 3)
	p.set(profile.FieldAddress, "2 Low Road")
	p.set(profile.FieldPostcode, "LS2 2BB")
	p.set(profile.FieldName, "B")
	p.by("t3", "u-1", 7, 3)
	return p
}

func TestAFactIsTakenBackWhole(t *testing.T) {
	t.Parallel()
	for _, f := range []profile.Field{profile.FieldAddress, profile.FieldPostcode} {
		back, err := moved().told().Undo(f, 0, today)
		require.NoError(t, err)
		require.Equal(t, history.Reversal{
			Changes: []int64{5, 6},
			Values: []history.Value{
				{Field: profile.FieldAddress, Now: "2 Low Road"}, {Field: profile.FieldPostcode, Now: "LS2 2BB"},
			},
			Marks: []history.Mark{
				{Field: profile.FieldAddress, Value: "2 Low Road", Run: 7}, {Field: profile.FieldPostcode, Value: "LS2 2BB", Run: 7},
			},
		}, back)
	}
}

func TestPartsThatWereSavedAtOnceAreTakenBackAtOnce(t *testing.T) {
	t.Parallel()
	back, err := moved().told().Undo(profile.FieldFacilities, 4, today)
	require.NoError(t, err)
	require.Equal(t, []int64{3, 4}, back.Changes)
	require.Equal(t, []history.Part{facility(1), facility(2)}, back.Remove)
	require.Empty(t, back.Add)
	require.Empty(t, back.Marks)

	p := moved()
	p.remove(0)
	p.add(facility(3))
	p.by("t4", "u-2", 0, 2)
	back, err = p.told().Undo(profile.FieldFacilities, 0, today)
	require.NoError(t, err)
	require.Equal(t, []history.Part{facility(3)}, back.Remove)
	require.Equal(t, []history.Part{facility(1)}, back.Add)
}

func TestOnlyWhatARunWroteOfTheRegistersFieldsIsMarked(t *testing.T) {
	t.Parallel()
	back, err := moved().told().Undo(profile.FieldPhone, 2, today)
	require.NoError(t, err)
	require.Equal(t, []history.Value{{Field: profile.FieldPhone, Now: "0113 496 0001"}}, back.Values)
	require.Empty(t, back.Marks)
	p := moved()
	p.set(profile.FieldName, "By hand")
	p.by("t4", "u-2", 0, 1)
	back, err = p.told().Undo(profile.FieldName, 0, today)
	require.NoError(t, err)
	require.Empty(t, back.Marks, "the next run puts right what a person wrote")
}

func TestWhatCannotBeTakenBack(t *testing.T) {
	t.Parallel()
	const refused, nothing = "refused", "nothing"
	hold := func(h history.Hold) func(*history.Told) {
		h.Actor, h.Reason = "u-4", "a\nflood"
		return func(t *history.Told) { t.Holds = append(t.Holds, h) }
	}
	for name, c := range map[string]struct {
		field  profile.Field
		number int64
		change func(*history.Told)
		kind   string // empty if it can
		text   string
	}{
		"e-RS": {
			field: profile.FieldERSServices,
			kind:  refused,
			text:  "services of the e-Referral Service are taken back with their run",
		},
		"never changed": {
			field: profile.FieldEmail,
			kind:  nothing,
			text:  "email is as it was when the profile was created: nothing is left to undo",
		},
		"no such change": {
			field:  profile.FieldPhone,
			number: 99,
			kind:   refused,
			text:   "change 99 is not one of phone of FA001: see `profilesync profile why FA001 phone`",
		},
		"of another field": {
			field:  profile.FieldPhone,
			number: 7,
			kind:   refused,
			text:   "change 7 is not one of phone of FA001",
		},
		"the creation": {
			field:  profile.FieldName,
			number: 1,
			kind:   refused,
			text:   "change 1 is not one of name of FA001",
		},
		"no change at all": {
			field:  profile.FieldEmail,
			number: 7,
			kind:   refused,
			text:   "change 7 is not one of email",
		},
		"followed": {
			field:  profile.FieldName,
			number: 7,
			kind:   refused,
			change: func(t *history.Told) {
				next := history.Change{ID: 8, Field: "name", Old: "B", New: "C", Actor: "u-5", Transaction: "t8", At: start}
				t.Changes = append(t.Changes, next)
				t.Now.Values.Set(profile.FieldName, "C")
			},
			text: "change 7 is not the newest of name: change 8 of 2026-03-28 23:00:00 followed it, by u-5",
		},
		"an undo": {
			field: profile.FieldName,
			kind:  nothing,
			change: func(t *history.Told) {
				t.TakenBack = []history.TakenBack{{Change: 5, Transaction: "t3", Actor: "u-5", At: start}}
			},
			text: "u-5 took change 5 back at 2026-03-28 23:00:00: nothing is left to undo",
		},
		"taken back before": {
			field:  profile.FieldName,
			number: 3,
			kind:   nothing,
			change: func(t *history.Told) {
				t.TakenBack = []history.TakenBack{{Change: 3, Transaction: "t9", Actor: "u-5", At: start}}
			},
			text: "u-5 took change 3 back",
		},
		"the undo of a run": {
			field: profile.FieldName,
			kind:  nothing,
			change: func(t *history.Told) {
				t.Runs = map[runs.ID]history.Run{7: {ID: 7, Kind: runs.RunUndo, Parent: 5}}
			},
			text: "run 7 took the change of run 5 back: nothing is left to undo",
		},
		"an approval": {
			field: profile.FieldName,
			change: func(t *history.Told) {
				t.Runs = map[runs.ID]history.Run{7: {ID: 7, Kind: runs.RunApprove, Parent: 5}}
			},
		},
		"written without the audit": {
			field:  profile.FieldName,
			kind:   refused,
			change: func(t *history.Told) { t.Now.Values.Set(profile.FieldName, "C") },
			text:   "change 7 is not what stands: something wrote name without the audit",
		},
		"parts written without the audit": {
			field:  profile.FieldFacilities,
			kind:   refused,
			change: func(t *history.Told) { t.Now.Parts = t.Now.Parts[:1] },
			text:   "change 4 is not what stands: something wrote facilities without the audit",
		},
		"changed and changed back": {
			field: profile.FieldEmail,
			kind:  nothing,
			change: func(t *history.Told) {
				t.Changes = append(t.Changes,
					history.Change{ID: 8, Field: "email", New: "a", Transaction: "t8"},
					history.Change{ID: 9, Field: "email", Old: "a", Transaction: "t8"})
			},
			text: "change 8 of email ended where it began: nothing is left to undo",
		},
		"held": {
			field:  profile.FieldName,
			kind:   refused,
			change: hold(history.Hold{Field: "name"}),
			text:   "name is held by u-4: a flood",
		},
		"held with its fact": {
			field:  profile.FieldAddress,
			kind:   refused,
			change: hold(history.Hold{Field: "postcode"}),
			text:   "postcode is held",
		},
		"held until today": {
			field:  profile.FieldName,
			kind:   refused,
			change: hold(history.Hold{Field: "name", Until: today}),
			text:   "name is held",
		},
		"held until yesterday": {field: profile.FieldName, change: hold(history.Hold{Field: "name", Until: today.AddDays(-1)})},
		"no longer held":       {field: profile.FieldName, change: hold(history.Hold{Field: "name", Removed: start})},
		"another field held":   {field: profile.FieldName, change: hold(history.Hold{Field: "phone"})},
		"a sink held":          {field: profile.FieldName, change: hold(history.Hold{Sink: "dos"})},
	} {
		told := moved().told()
		if c.change != nil {
			c.change(&told)
		}
		_, err := told.Undo(c.field, c.number, today)
		switch c.kind {
		case "":
			require.NoError(t, err, name)
			continue
		case refused:
			require.ErrorAs(t, err, new(history.RefusedError), name)
		case nothing:
			require.ErrorAs(t, err, new(history.NothingLeftError), name)
		}
		require.ErrorContains(t, err, c.text, name)
	}
}
