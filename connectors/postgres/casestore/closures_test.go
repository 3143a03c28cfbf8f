package casestore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/pgtest"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

const (
	said      = "closed-in-reality | FA001 | open"
	confirmed = "closure-confirmed | FA001 | open"
	// neighbours are other pharmacies: the nearest one, and others that are not.
	neighbours = `insert into profile (code, name, type, icb, postcode, status, hidden) values
		('FA002', 'Closed Chemist', 'pharmacy', 'QAA', 'AB1 2AA', 'closed', false),
		('FA003', 'Hidden Chemist', 'pharmacy', 'QAA', 'AB1 2AB', 'open', true),
		('FA004', 'Far Chemist', 'pharmacy', 'QAA', 'AB12 2CD', 'open', false),
		('FA005', 'Dentist', 'dental-practice', 'QAA', 'AB1 2AD', 'open', false),
		('FA008', 'Same District', 'pharmacy', 'QAA', 'AB1 9ZZ', 'open', false),
		('FA009', 'Same Sector', 'pharmacy', 'QAA', 'AB1 2ZZ', 'open', false);`
	settled = `insert into push (code, sink, route, state) values ('FA001', 'dos', 'r', 'accepted'), ('FA001', 'website', 'r', 'accepted');`
)

func newClosureWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.Exec(ordinary + neighbours + settled)
	w.looks()
	return w
}

func step(reason string) casestore.ClosureStep {
	return casestore.ClosureStep{Code: "FA001", Actor: "rita", Reason: reason}
}

func (w *world) confirms() {
	w.Helper()
	_, err := w.store.Confirm(w.Context(), step("rang the board"))
	require.NoError(w, err)
}

// Of a place that is confirmed closed nobody is asked to check, to sign in or to find people.
func TestNobodyIsAskedAboutAPlaceThatHasClosed(t *testing.T) {
	t.Parallel()
	for _, kind := range []cases.Kind{cases.NoRecipient, cases.LastManagerIdle, cases.CheckOverdue} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Exec(ordinary)
			planted := allPlanted()[kind]
			w.Exec(planted.plant)
			w.looks()
			require.Contains(t, w.stand(), planted.standing(kind))
			w.Exec(`insert into closure (code, said_by, reason, confirmed_by, confirmed_at)
				select split_part($1, ' ', 1), 'lara', 'x', 'rita', now()`, planted.subject)
			w.looks()
			require.NotContains(t, w.stand(), planted.standing(kind))
			w.Exec("update closure set taken_back_by = 'rita', taken_back_at = now()")
			w.looks()
			require.Contains(t, w.stand(), planted.standing(kind))
		})
	}
}

func (w *world) takesBack() {
	w.Helper()
	_, err := w.store.TakeBack(w.Context(), step("it is open"))
	require.NoError(w, err)
}

// pushed returns what a push says of FA001, status and hidden, and settles all pushes that
// are due.
func (w *world) pushed() string {
	w.Helper()
	pushes, err := pushstore.New(w.DB).LoadPushes(w.Context(), push.SinkWebsite, []profile.ODSCode{"FA001"}, w.at.Today())
	require.NoError(w, err)
	require.Len(w, pushes, 1)
	own := pushes[0].Desired.Stated(push.Route{Fields: []profile.Field{profile.FieldStatus, profile.FieldHidden}})
	due := pgtest.All[string](w.Database, `select sink from push
		where code = 'FA001' and state = 'wanted' and due_at <= clock_timestamp() order by sink`)
	w.Exec("update push set state = 'accepted', due_at = null")
	said := own.Get(profile.FieldStatus) + " " + own.Get(profile.FieldHidden)
	for _, sink := range due {
		said += " " + sink
	}
	return said
}

func (w *world) shown() (row string) {
	w.Helper()
	return pgtest.One[string](w.Database, "select status || ' ' || hidden from profile where code = 'FA001'")
}

func (w *world) elsewhere() string {
	w.Helper()
	return pgtest.One[string](w.Database, "select facts ->> 'elsewhere' from cases where kind = 'closure-confirmed'")
}

// A board's word opens a case; its confirmation hides the profile and has sinks told that
// it is closed; the register ends the case, and another mind of the register brings it
// back; taken back, all is as before.
func TestAClosureFromWordToEnd(t *testing.T) {
	t.Parallel()
	w := newClosureWorld(t)
	_, err := w.store.Say(w.Context(), step("the board says so"))
	require.NoError(t, err)
	w.looks()
	require.Equal(t, []string{said}, w.stand())
	require.Equal(t, "open false", w.shown())
	require.Equal(t, "open false", w.pushed())

	w.confirms()
	w.looks()
	require.Equal(t, []string{confirmed}, w.stand())
	require.Equal(t, "; the nearest of its type is Same Sector (FA009)", w.elsewhere())
	require.Equal(t, "open true", w.shown(), "the status is the register's")
	require.Equal(t, "closed false dos website", w.pushed())

	w.Exec("update profile set status = 'closed' where code = 'FA001'")
	w.looks()
	require.Empty(t, w.stand())
	require.Equal(t, "closed false", w.pushed())
	w.Exec("update profile set status = 'open' where code = 'FA001'")
	w.looks()
	require.Equal(t, []string{confirmed}, w.stand())
	require.Equal(t, "closed false", w.pushed())

	w.takesBack()
	w.looks()
	require.Empty(t, w.stand())
	require.Equal(t, "open false", w.shown())
	require.Equal(t, "open false dos website", w.pushed())
	require.Equal(t, []string{
		"said_by rita the board says so", "reason rita the board says so", "reason rita rang the board", "confirmed_by rita rang the board",
		"reason rita it is open", "taken_back_by rita it is open",
	}, pgtest.All[string](w.Database, `select concat_ws(' ', field, actor, reason) from decision_change
		where about = 'closure FA001' and new <> '' order by xid, field = 'reason' and old is null, field <> 'reason', id`))
}

// Who repeats a step is told what stands, and nothing is written.
func TestAStepOfAClosureIsTakenOnce(t *testing.T) {
	t.Parallel()
	w := newClosureWorld(t)
	audited := func() int64 {
		return pgtest.One[int64](w.Database, "select (select count(*) from decision_change) + (select count(*) from change)")
	}
	for _, take := range []func() (casestore.Closure, error){
		func() (casestore.Closure, error) { return w.store.Say(t.Context(), step("the board says so")) },
		func() (casestore.Closure, error) { return w.store.Confirm(t.Context(), step("rang the board")) },
	} {
		first, err := take()
		require.NoError(t, err)
		before := audited()
		again, err := take()
		require.NoError(t, err)
		require.Equal(t, first, again)
		require.Equal(t, before, audited())
	}
	require.Equal(t, "closed false dos website", w.pushed())
	w.takesBack()
	_, err := w.store.TakeBack(t.Context(), step("again"))
	require.ErrorIs(t, err, casestore.ErrNotSaid)
	require.Equal(t, "open false dos website", w.pushed())
}

// What an editor did to the profile since is left alone, and so is what was hidden before.
func TestTakingAClosureBackKeepsWhatOthersDid(t *testing.T) {
	t.Parallel()
	hide := func(hidden string) string { return "update profile set hidden = " + hidden + " where code = 'FA001'" }
	for name, c := range map[string]struct{ before, since, want string }{
		"hidden before":               {hide("true"), "select", "open true"},
		"shown and hidden since":      {"select", hide("false") + ";" + hide("true"), "open true"},
		"shown since":                 {"select", hide("false"), "open false"},
		"another field changed since": {"select", "update profile set phone = '111' where code = 'FA001'", "open false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newClosureWorld(t)
			w.Exec(c.before)
			w.confirms()
			require.Equal(t, "closed false dos website", w.pushed(), "also if it was hidden before")
			w.Exec(c.since)
			require.Equal(t, "closed false", w.pushed())
			w.takesBack()
			require.Equal(t, c.want, w.shown())
			require.Equal(t, c.want+" dos website", w.pushed())
		})
	}
}

func TestThePlaceThatFollows(t *testing.T) {
	t.Parallel()
	w := newClosureWorld(t)
	w.Exec("update profile set successor = 'FA004' where code = 'FA001'")
	w.confirms()
	w.looks()
	require.Equal(t, "; it is followed by Far Chemist (FA004)", w.elsewhere(), "as the register says")
	w.takesBack()
	named := step("x")
	named.Successor = "FA008"
	_, err := w.store.Confirm(w.Context(), named)
	require.NoError(t, err)
	w.looks()
	require.Equal(t, "; it is followed by Same District (FA008)", w.elsewhere(), "as a person says")
	again, err := w.store.Confirm(w.Context(), named)
	require.NoError(t, err)
	require.Equal(t, profile.ODSCode("FA008"), again.Successor)
	named.Successor = "FA009"
	_, err = w.store.Confirm(w.Context(), named)
	require.ErrorIs(t, err, casestore.ErrOtherFollows, "it is not ignored")
	w.Exec("update profile set hidden = true where code = 'FA008'")
	w.looks()
	require.Equal(t, "; the nearest of its type is Same Sector (FA009)", w.elsewhere(), "that one is hidden")
	w.Exec("update profile set status = 'closed', hidden = false where code = 'FA008'")
	w.looks()
	require.Equal(t, "; the nearest of its type is Same Sector (FA009)", w.elsewhere(), "that one has closed")
	w.Exec("update profile set hidden = true where code = 'FA009'")
	w.looks()
	require.Empty(t, w.elsewhere())
}

func TestWhatCannotBeConfirmed(t *testing.T) {
	t.Parallel()
	w := newClosureWorld(t)
	for name, c := range map[string]struct {
		code, successor profile.ODSCode
		want            error
	}{
		"no profile":              {"FZ999", "", postgres.ErrNotFound},
		"closed by the register":  {"FA002", "", casestore.ErrClosedAlready},
		"it follows itself":       {"FA001", "FA001", casestore.ErrBadSuccessor},
		"a closed one follows":    {"FA001", "FA002", casestore.ErrBadSuccessor},
		"a hidden one follows":    {"FA001", "FA003", casestore.ErrBadSuccessor},
		"one that no profile has": {"FA001", "FZ999", casestore.ErrBadSuccessor},
	} {
		_, err := w.store.Confirm(t.Context(), casestore.ClosureStep{Code: c.code, Successor: c.successor, Actor: "rita", Reason: "x"})
		require.ErrorIs(t, err, c.want, name)
	}
	_, err := w.store.Say(t.Context(), casestore.ClosureStep{Code: "FA002", Actor: "rita", Reason: "x"})
	require.ErrorIs(t, err, casestore.ErrClosedAlready)
	require.Zero(t, pgtest.One[int](w.Database, "select count(*) from closure"))
	require.Equal(t, "open false", w.shown())
}

// A list shows what stands, and with those taken back everything, the newest first.
func TestListOfClosures(t *testing.T) {
	t.Parallel()
	w := newClosureWorld(t)
	listed := func(f casestore.ClosureFilter) (rows []string) {
		f.Most = 10
		found, err := w.store.Closures(t.Context(), f)
		require.NoError(t, err)
		for _, c := range found {
			require.Equal(t, c.State == casestore.ClosureTakenBack, !c.TakenBack.IsZero())
			by := strings.Join([]string{c.SaidBy, c.ConfirmedBy, c.TakenBackBy}, ",")
			rows = append(rows, fmt.Sprintf("%s %s %s by %s: %s", c.Code, c.Status, c.State, by, c.Reason))
		}
		return rows
	}
	require.Empty(t, listed(casestore.ClosureFilter{}))
	w.confirms()
	w.takesBack()
	w.confirms()
	_, err := w.store.Say(t.Context(), casestore.ClosureStep{Code: "FA009", Actor: "lara", Reason: "the board says so"})
	require.NoError(t, err)
	w.Exec("update profile set status = 'closed' where code = 'FA001'")
	const (
		said  = "FA009 open said by lara,,: the board says so"
		again = "FA001 closed confirmed by rita,rita,: rang the board"
		taken = "FA001 closed taken-back by rita,rita,rita: it is open"
	)
	require.Equal(t, []string{said, again}, listed(casestore.ClosureFilter{}))
	require.Equal(t, []string{said, again, taken}, listed(casestore.ClosureFilter{TakenBack: true}))
	require.Equal(t, []string{again}, listed(casestore.ClosureFilter{Code: "FA001"}))
	require.Equal(t, []string{taken}, listed(casestore.ClosureFilter{State: casestore.ClosureTakenBack, TakenBack: true}))
	require.Equal(t, []string{said}, listed(casestore.ClosureFilter{State: casestore.ClosureSaid}))
}
