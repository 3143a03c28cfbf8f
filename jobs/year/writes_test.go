package year_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/reconcile/people"
)

// writes are rows that the editing application writes at one time, many at once.
type writes struct {
	*year

	signIns, checks, hours [][]any
}

// until does what people do up to a time.
func (y *year) until(end time.Time) {
	d := dateOf(end)
	slices.SortStableFunc(y.acts[d], func(a, b act) int { return a.at.Compare(b.at) })
	w := &writes{year: y}
	for len(y.acts[d]) > 0 && !y.acts[d][0].at.After(end) {
		next := y.acts[d][0]
		y.acts[d] = y.acts[d][1:]
		w.at(next.at)
		next.do(w, next.at)
	}
	w.flush()
	if end.After(y.Now()) {
		y.set(end)
	}
}

func (w *writes) flush() {
	w.copy("sign_in", []string{"account_id", "at"}, &w.signIns)
	w.copy("dated_opening_period", []string{"code", "date"}, &w.hours)
	w.copy("section_check", []string{"code", "section", "account_id", "at"}, &w.checks)
}

func (w *writes) copy(table string, columns []string, rows *[][]any) {
	if len(*rows) > 0 {
		_, err := w.db.CopyFrom(w.Context(), pgx.Identifier{postgres.Schema, table}, columns, pgx.CopyFromRows(*rows))
		require.NoError(w, err)
	}
	*rows = nil
}

// at sets the time that the database uses by default.
func (w *writes) at(at time.Time) {
	w.exec("select set_config('profilesync.now', $1, false)", at.Format(time.RFC3339))
}

func (h *human) acted(at time.Time) {
	if at.After(h.active) {
		h.active = at
	}
}

func (w *writes) signIn(h *human, at time.Time) {
	w.signIns = append(w.signIns, []any{h.id, at})
	h.acted(at)
}

func (w *writes) check(h *human, p *place, section int, at time.Time) {
	w.checks = append(w.checks, []any{p.code, sections[section], h.id, at})
	p.checked[section] = max(p.checked[section], dateOf(at))
	h.acted(at)
}

// state has a pharmacy say when it is open on the days to come.
func (w *writes) state(p *place, today date) {
	for _, t := range terms {
		if today < t.first || today > t.last {
			continue
		}
		for i, d := range mustState {
			if d >= today && d <= t.horizon && p.stated&(1<<i) == 0 {
				p.stated |= 1 << i
				w.hours = append(w.hours, []any{p.code, d.utc()})
			}
		}
	}
}

// edit changes a telephone number, as its editor.
func (w *writes) edit(p *place, at time.Time) {
	for _, h := range w.people {
		for _, m := range h.members {
			if m.place == p && !m.ended && h.canAct() && p.open {
				w.at(at)
				w.exec("select set_config('profilesync.actor', $1, false)", fmt.Sprintf("u-%d", h.id))
				w.exec("update profile set phone = $2 where code = $1", p.code, fmt.Sprintf("0113%07d", at.Unix()%10_000_000))
				w.exec("select set_config('profilesync.actor', 'app', false)")
				p.checked[0] = max(p.checked[0], dateOf(at))
				h.acted(at)
				return
			}
		}
	}
}

// rename is a write by the daemon, which checks nothing.
func (w *writes) rename(p *place) {
	w.exec("update profile set phone = '', name = name || '.' where code = $1", p.code)
}

func (w *writes) accept(h *human, at time.Time) {
	if h.state != "invited" {
		return
	}
	w.at(at)
	w.exec("update account set state = 'active' where id = $1", h.id)
	h.state = "active"
	h.acted(at)
}

func (w *writes) leave(h *human, from, until date) {
	if h.state == "active" {
		w.exec("update account set leave_from = $2, leave_until = $3 where id = $1", h.id, from.utc(), until.utc())
		h.leave = until
	}
}

// move gives somebody another address.
func (w *writes) move(h *human, address string) {
	w.exec("update account set email = $2 where id = $1", h.id, address)
	h.address, h.dead = address, false
	w.byAddress[address] = h
}

// reactivate is the command.
func (w *writes) reactivate(h *human, at time.Time) {
	if h.state != "deactivated" {
		return
	}
	store, db := w.storeAt(at)
	defer db.Close()
	changed, err := store.Reactivate(w.Context(), people.AccountID(h.id), "desk", "they asked")
	require.NoError(w, err)
	require.True(w, changed)
	h.state = "active"
	h.acted(at)
	h.habit = cmp.Or(w.habit(), late)
}

// invite writes a new account with its memberships.
func (w *writes) invite(h *human) {
	w.insertPeople([]*human{h})
	w.exec("insert into membership (account_id, code, role) values ($1, $2, 'editor')", h.id, h.members[0].place.code)
}

// open closes or reopens an organisation; on reopening, its account manager
// becomes a member again.
func (w *writes) open(p *place, open bool) {
	status := map[bool]string{true: "open", false: "closed"}[open]
	w.exec("update profile set status = $2 where code = $1", p.code, status)
	p.open = open
	h := p.manager
	if !open || h == nil || h.state != "active" && h.state != "invited" {
		return
	}
	for _, m := range h.members {
		if m.place == p && !m.ended {
			return
		}
	}
	w.exec("insert into membership (account_id, code, role) values ($1, $2, 'account-manager')", h.id, p.code)
	w.belong(h, p, true)
}

func (y *year) exec(sql string, args ...any) {
	y.Helper()
	_, err := y.db.Exec(y.Context(), sql, args...)
	require.NoError(y, err, sql)
}

func (y *year) number(sql string, args ...any) (n int) {
	y.Helper()
	require.NoError(y, y.db.QueryRow(y.Context(), sql, args...).Scan(&n), sql)
	return n
}

func (y *year) storeAt(at time.Time) (*peoplestore.Store, *postgres.DB) {
	db, err := postgres.Open(context.WithoutCancel(y.Context()), y.url, postgres.Options{PlayedNow: at})
	require.NoError(y, err)
	return peoplestore.New(db), db
}
