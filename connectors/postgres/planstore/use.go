package planstore

import (
	"context"
	"slices"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/planstore/plansql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// LoadOpen returns what people approved ahead of some organisations, for the day of a run.
// Nobody withdraws it before the transaction ends.
func LoadOpen(ctx context.Context, tx plansql.DBTX, run runs.Run, codes []string) ([]runs.Ahead, error) {
	rows, err := plansql.New(tx).LoadOpen(ctx, plansql.LoadOpenParams{Codes: codes, Source: run.Source, AsOf: run.AsOf})
	open := make([]runs.Ahead, len(rows))
	for i, r := range rows {
		field, _ := profile.ParseField(r.Field) // no field: a creation, which nobody can approve ahead
		open[i] = runs.Ahead{Approval: r.ApprovalID, Change: runs.Change{
			Code: r.Code, Type: r.Type, Verb: r.Verb, Field: field, Old: r.Old, New: r.New,
		}}
	}
	return open, postgres.Wrap(err, "loading what was approved ahead")
}

// UseUp marks what a run applies as used, in the transaction that seals its plan.
func UseUp(ctx context.Context, tx plansql.DBTX, run runs.ID) error {
	return postgres.Wrap(plansql.New(tx).UseUp(ctx, int64(run)), "using what was approved ahead")
}

// Count counts the changes that a run makes since they were approved ahead.
func Count(ctx context.Context, tx plansql.DBTX, run runs.ID) (counts []runs.AheadCount, err error) {
	rows, err := plansql.New(tx).CountAhead(ctx, run)
	for _, r := range rows {
		counts = append(counts, runs.AheadCount{Plan: r.PlanID, By: r.Actor, Count: r.Count})
	}
	return counts, postgres.Wrap(err, "counting what was approved ahead")
}

// EndRejected ends the approvals ahead of the values of a run that a person rejects.
// It waits for nobody: see postgres.IsLocked.
func EndRejected(ctx context.Context, tx plansql.DBTX, run runs.ID, codes, fields []string, actor string) error {
	q := plansql.New(tx)
	approvals, err := q.LockOpenValues(ctx, plansql.LockOpenValuesParams{Codes: codes, Fields: fields})
	if err != nil {
		return err
	}
	for _, approval := range each(approvals) {
		err := q.EndRejected(ctx, plansql.EndRejectedParams{RunID: run, ApprovalID: approval, Codes: codes, Fields: fields, Actor: actor})
		if err != nil {
			return postgres.Wrap(err, "ending what was approved ahead")
		}
	}
	return nil
}

// each returns approvals, each once.
func each(approvals []runs.AheadID) []runs.AheadID {
	slices.Sort(approvals)
	return slices.Compact(approvals)
}

// EndUndone ends the approvals ahead of the values that an undo takes back, of the
// codes after after, up to and including upto.
func EndUndone(ctx context.Context, tx plansql.DBTX, run runs.ID, after, upto string) error {
	err := plansql.New(tx).EndUndone(ctx, plansql.EndUndoneParams{RunID: int64(run), After: after, Upto: upto})
	return postgres.Wrap(err, "ending what was approved ahead")
}
