package peoplestore

import (
	"context"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore/peoplesql"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Account is an account without its person's name and address, for people who
// may not see them.
type Account struct {
	ID         string              `json:"account"`
	Kind       people.AccountKind  `json:"kind"`
	State      people.AccountState `json:"state"`
	Region     string              `json:"region,omitempty"`
	Dead       bool                `json:"address_dead"`
	Created    time.Time           `json:"created,omitzero"`
	LastActive time.Time           `json:"last_active"`
	LeaveUntil profile.Date        `json:"leave_until,omitzero"`
	Ended      time.Time           `json:"ended,omitzero"`
	Members    []Membership        `json:"memberships,omitempty"`
	History    []AccountChange     `json:"history,omitempty"`
}

// Summary describes the state of the account in words.
func (a Account) Summary() string {
	text := string(a.State)
	if !a.LeaveUntil.IsZero() {
		text += ", on leave until " + a.LeaveUntil.String()
	}
	if a.Dead {
		text += ", its address is dead"
	}
	return text
}

// Membership is a person's present or past role at an organisation.
type Membership struct {
	Code   profile.ODSCode   `json:"code"`
	Name   string            `json:"name"`
	Role   people.MemberRole `json:"role"`
	Status profile.Status    `json:"status"` // of the organisation
	Since  time.Time         `json:"since"`
	Until  time.Time         `json:"until,omitzero"`
}

// Remark names anything unusual about the membership; it is empty if there is nothing.
func (m Membership) Remark() string {
	switch {
	case !m.Until.IsZero():
		return "(ended)"
	case m.Status == profile.StatusClosed:
		return "(closed)"
	default:
		return ""
	}
}

// AccountChange is a row of the audit of an account.
type AccountChange struct {
	What   string    `json:"what"`
	Old    string    `json:"old"`
	New    string    `json:"new"`
	Actor  string    `json:"actor"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// shownHistory is how many audit rows Account shows.
const shownHistory = 100

// Account is an account with its memberships and its audit, the newest first.
func (s *Store) Account(ctx context.Context, id people.AccountID) (Account, error) {
	row, err := s.q.ShowAccount(ctx, id)
	if err != nil {
		return Account{}, postgres.Wrap(err, "account "+id.String())
	}
	a := Account{
		ID: id.String(), Kind: row.Kind, State: row.State, Region: row.Region, Dead: row.Dead, Created: row.CreatedAt,
		LastActive: row.LastActiveAt, LeaveUntil: row.LeaveUntil, Ended: row.EndedAt,
	}
	members, err := s.q.AccountMemberships(ctx, id)
	if err != nil {
		return a, postgres.Wrap(err, "memberships of "+id.String())
	}
	for _, m := range members {
		a.Members = append(a.Members, Membership(m))
	}
	history, err := s.q.AccountHistory(ctx, peoplesql.AccountHistoryParams{AccountID: id, Most: shownHistory})
	for _, h := range history {
		a.History = append(a.History, AccountChange(h))
	}
	return a, postgres.Wrap(err, "audit of "+id.String())
}

// AccountFilter picks accounts.
type AccountFilter struct {
	State people.AccountState // empty means all
	After people.AccountID    // only those of later ids
	Most  int
}

// ListAccounts lists accounts in the order of their ids.
func (s *Store) ListAccounts(ctx context.Context, f AccountFilter) ([]Account, error) {
	rows, err := s.q.ListAccounts(ctx, peoplesql.ListAccountsParams{State: string(f.State), After: f.After, Most: min(f.Most, math.MaxInt32)})
	list := make([]Account, len(rows))
	for i, row := range rows {
		list[i] = Account{
			ID: row.ID.String(), Kind: row.Kind, State: row.State, Dead: row.Dead, LastActive: row.LastActiveAt,
			LeaveUntil: row.LeaveUntil,
		}
	}
	return list, postgres.Wrap(err, "listing accounts")
}

// Reactivate lets a person sign in again, and reports whether the account was
// deactivated.
func (s *Store) Reactivate(ctx context.Context, id people.AccountID, actor, reason string) (changed bool, err error) {
	err = s.because(ctx, actor, reason, func(q *peoplesql.Queries) (int64, error) { return q.ReactivateAccount(ctx, id) }, &changed)
	return changed, postgres.Wrap(err, "reactivating "+id.String())
}

// SetLeave records a leave, or ends it if until is zero, and reports whether the
// account is active.
func (s *Store) SetLeave(ctx context.Context, id people.AccountID, from, until profile.Date, actor, reason string) (
	changed bool, err error,
) {
	params := peoplesql.SetLeaveParams{ID: id, LeaveFrom: from, LeaveUntil: until}
	if until.IsZero() {
		params.LeaveFrom = until
	}
	err = s.because(ctx, actor, reason, func(q *peoplesql.Queries) (int64, error) { return q.SetLeave(ctx, params) }, &changed)
	return changed, postgres.Wrap(err, "leave of "+id.String())
}

// because runs a write with an actor and a reason, for the audit.
func (s *Store) because(ctx context.Context, actor, reason string, write func(*peoplesql.Queries) (int64, error), changed *bool) error {
	return s.inTx(ctx, func(q *peoplesql.Queries, _ pgx.Tx) error {
		if err := q.SetReason(ctx, peoplesql.SetReasonParams{Actor: actor, Reason: reason}); err != nil {
			return err
		}
		rows, err := write(q)
		*changed = rows > 0
		return err
	})
}
