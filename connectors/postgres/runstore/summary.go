package runstore

import (
	"context"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore/runsql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// count fills in how many profiles and fields a plan changes, without those
// withheld or moved, and the scope once the plan is applied. The statements give
// the same answer before and after it is applied.
func count(ctx context.Context, q *runsql.Queries, run runs.Run, summary *runs.Summary) error {
	nothing, err := q.PlansNothing(ctx, run.ID)
	if err != nil {
		return postgres.Wrap(err, "counting changes")
	}
	if *nothing {
		standing, err := q.CountStandingUnchanged(ctx, runsql.CountStandingUnchangedParams{Source: run.Source, Report: run.Report})
		summary.PendingClose, summary.Contradictions = standing.PendingClose, standing.Contradictions
		return postgres.Wrap(err, "counting what is pending")
	}
	counts, err := q.CountChanges(ctx, run.ID)
	if err != nil {
		return postgres.Wrap(err, "counting changes")
	}
	summary.Changes = runs.ChangeCounts{
		Create: counts.Creates, Update: counts.Updates, Close: counts.Closes, Reopen: counts.Reopens, Dormant: counts.Dormants,
	}
	fields, err := q.CountFields(ctx, run.ID)
	if err != nil {
		return postgres.Wrap(err, "counting fields")
	}
	summary.Fields = make(map[string]int, len(fields))
	for _, f := range fields {
		summary.Fields[f.Field] = f.Count
	}
	return countStanding(ctx, q, run, summary)
}

func countStanding(ctx context.Context, q *runsql.Queries, run runs.Run, summary *runs.Summary) error {
	standing, err := q.CountStanding(ctx, runsql.CountStandingParams{RunID: run.ID, Source: run.Source, Report: run.Report})
	summary.PendingClose, summary.Contradictions = standing.PendingClose, standing.Contradictions
	return postgres.Wrap(err, "counting what is pending")
}

// countWaiting fills in what waits in the scope, and what the run took off the list.
func countWaiting(ctx context.Context, q *runsql.Queries, run runs.Run, summary *runs.Summary) (err error) {
	if err := q.RecountWaiting(ctx, run.ID); err != nil {
		return postgres.Wrap(err, "counting what waits")
	}
	if summary.Waiting, err = q.CountWaiting(ctx, runsql.CountWaitingParams{Source: run.Source, Report: run.Report}); err != nil {
		return postgres.Wrap(err, "counting what waits")
	}
	summary.Withdrawn, err = q.CountWithdrawn(ctx, &run.ID)
	return postgres.Wrap(err, "counting what was withdrawn")
}

// open counts the open profiles of some types, by type.
func open(ctx context.Context, q *runsql.Queries, types []profile.OrgType) (map[profile.OrgType]int, error) {
	rows, err := q.OpenByType(ctx, postgres.Texts(types))
	if err != nil {
		return nil, postgres.Wrap(err, "counting open profiles")
	}
	open := make(map[profile.OrgType]int, len(types))
	for _, t := range types {
		open[t] = 0
	}
	for _, row := range rows {
		open[row.Type] = row.Open
	}
	return open, nil
}

func total(open map[profile.OrgType]int) (all int) {
	for _, n := range open {
		all += n
	}
	return all
}

// leftOut lists what moved between the plan and its application. Only in that
// case do the plan's numbers not hold for the run.
func leftOut(ctx context.Context, q *runsql.Queries, run runs.Run, types []profile.OrgType, summary *runs.Summary) error {
	if err := nameLeftOut(ctx, q, run.ID, summary); err != nil || len(summary.LeftOut) == 0 {
		return err
	}
	if len(types) > 0 {
		now, err := open(ctx, q, types)
		if err != nil {
			return err
		}
		summary.Population = total(now)
	}
	if err := countWaiting(ctx, q, run, summary); err != nil {
		return err
	}
	return count(ctx, q, run, summary)
}

func nameLeftOut(ctx context.Context, q *runsql.Queries, id runs.ID, summary *runs.Summary) error {
	moved, err := q.MovedRows(ctx, id)
	if err != nil {
		return postgres.Wrap(err, "naming what is left out")
	}
	summary.LeftOut = nil
	for _, row := range moved {
		summary.LeftOut = append(summary.LeftOut, runs.LeftOut{Code: row.Code, Field: row.Field, Because: row.LeftOut})
	}
	return nil
}
