package servicestore

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore/servicesql"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// BeginPlan begins the plan's transaction: everything from here on vanishes
// unless it is sealed.
func (x *Session) BeginPlan(ctx context.Context, run runs.Run, _ []profile.OrgType) error {
	if err := x.OpenPlan(ctx, run); err != nil {
		return err
	}
	x.run, x.plan = x.Planned(), servicesql.New(x.Plan())
	for i := range x.answers {
		x.answers[i].RunID = x.run.ID
	}
	_, err := x.plan.RunServices(ctx, x.answers)
	x.answers = nil
	return postgres.Wrap(err, "beginning a preview")
}

// Items returns, in pages, the services about which the run has news, and those
// that differ from what their profiles hold.
func (x *Session) Items(ctx context.Context) iter.Seq2[[]services.Item, error] {
	return func(yield func([]services.Item, error) bool) {
		after := ""
		for {
			items, err := x.items(ctx, after, nil)
			if err != nil {
				yield(nil, err)
				return
			}
			if len(items) > 0 && !yield(items, nil) || len(items) < servicePage {
				return
			}
			after = string(items[len(items)-1].ID)
		}
	}
}

// ItemsOf returns the services with the given ids, with the changes withheld
// from them: an approval never asks e-RS again.
func (x *Session) ItemsOf(ctx context.Context, ids []services.ID) ([]services.Item, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return x.items(ctx, "", ids)
}

func (x *Session) items(ctx context.Context, after string, ids []services.ID) ([]services.Item, error) {
	rows, err := x.plan.ServiceItems(ctx, servicesql.ServiceItemsParams{
		RunID: x.run.ID, After: after, Ids: postgres.Texts(ids), Sites: postgres.Texts(x.run.Codes), Most: max(servicePage, len(ids)),
	})
	if err != nil {
		return nil, postgres.Wrap(err, "reading services")
	}
	items := make([]services.Item, len(rows))
	at := make(map[services.ID]*services.Item, len(rows))
	for i, row := range rows {
		items[i] = services.Item{
			ID: row.ID, Previous: row.Was, State: services.State(row.State), Specialty: row.Specialty, News: row.News, Settled: row.Settled,
		}
		if row.Facts != nil {
			if err := json.Unmarshal(row.Facts, &items[i].Service); err != nil {
				return nil, fmt.Errorf("the stored service %s: %w", row.ID, err)
			}
		}
		at[row.ID] = &items[i]
	}
	if err := x.loadWaiting(ctx, at); err != nil {
		return nil, err
	}
	return items, x.loadSites(ctx, at)
}

// loadWaiting adds what waits of the services for a decision.
func (x *Session) loadWaiting(ctx context.Context, at map[services.ID]*services.Item) error {
	fields := make([]string, 0, len(at))
	for id := range at {
		fields = append(fields, services.Field(id))
	}
	rows, err := x.plan.LoadWaitingServices(ctx, fields)
	if err != nil {
		return postgres.Wrap(err, "loading what waits")
	}
	for _, row := range rows {
		change, err := toChange(runstore.DecidedRow{
			Code: row.Code, Field: row.Field, Type: row.Type, Verb: row.Verb, Old: row.Old, New: row.New, Reason: row.Reason, Undone: row.Undone,
			Leaves: row.Leaves,
		})
		if err != nil {
			return err
		}
		change.Since = runs.ID(row.SinceRun)
		item := at[change.Service]
		item.Waiting = append(item.Waiting, services.Waiting{Change: change, Run: row.RunID, Withheld: row.Withheld})
	}
	return nil
}

func (x *Session) loadSites(ctx context.Context, at map[services.ID]*services.Item) error {
	ids, fields := make([]string, 0, len(at)), make([]string, 0, len(at))
	for id := range at {
		ids, fields = append(ids, string(id)), append(fields, services.Field(id))
	}
	rows, err := x.plan.ServiceSites(ctx, servicesql.ServiceSitesParams{RunID: x.run.ID, Ids: ids, Today: x.run.AsOf})
	if err != nil {
		return postgres.Wrap(err, "reading the sites of services")
	}
	marks, err := x.marks(ctx, fields)
	if err != nil {
		return err
	}
	for _, row := range rows {
		site := services.Site{
			Code: row.Code, Type: row.Type, Held: row.Held, Marks: marks[marked{row.Code, services.Field(row.ID)}],
		}
		if row.There {
			shown, _, err := services.ParseShown(string(row.Shown))
			if err != nil {
				return fmt.Errorf("service %s of %s: %w", row.ID, row.Code, err)
			}
			site.Row = &shown
		}
		at[row.ID].Sites = append(at[row.ID].Sites, site)
	}
	return nil
}

// marked identifies what people decided on: a service of a profile, by the name
// of its field.
type marked struct {
	code  profile.ODSCode
	field string
}

func (x *Session) marks(ctx context.Context, fields []string) (map[marked][]services.Mark, error) {
	rows, err := x.plan.ServiceMarks(ctx, fields)
	marks := make(map[marked][]services.Mark, len(rows))
	for _, row := range rows {
		key := marked{row.Code, row.Field}
		marks[key] = append(marks[key], services.Mark{Verdict: row.Verdict, Value: row.Value})
	}
	return marks, postgres.Wrap(err, "loading decisions")
}

// Record stores a part of the plan, what no longer waits, and what profiles
// should show of its services.
func (x *Session) Record(ctx context.Context, items []services.Item, changes []services.Change, ended []services.Waiting) error {
	if err := x.recordChanges(ctx, changes, false); err != nil {
		return err
	}
	rows := make([]runstore.EndedRow, len(ended))
	for i, w := range ended {
		rows[i] = runstore.EndedRow{Run: w.Run, Code: w.Code, Field: w.FieldName(), Replaced: w.Replaced}
	}
	if err := x.EndWaiting(ctx, rows); err != nil {
		return err
	}
	var lifted []runstore.LiftedRow
	for _, r := range services.Lifted(items) {
		lifted = append(lifted, runstore.LiftedRow{Code: r.Site.Code, Field: services.Field(r.Service)})
	}
	if err := x.Lift(ctx, lifted); err != nil {
		return err
	}
	params := servicesql.SetServicesShownParams{RunID: x.run.ID}
	for _, item := range items {
		if item.Service == nil || item.Settled {
			continue
		}
		shown, err := json.Marshal(item.Service.Shown(item.Specialty))
		if err != nil {
			return fmt.Errorf("service %s: %w", item.ID, err)
		}
		params.Ids, params.Showns = append(params.Ids, string(item.ID)), append(params.Showns, shown)
	}
	if len(params.Ids) == 0 {
		return nil
	}
	return postgres.Wrap(x.plan.SetServicesShown(ctx, params), "storing services")
}

// RecordDecision stores the changes that an approval or an undo will apply, and
// lists those it leaves out.
func (x *Session) RecordDecision(ctx context.Context, apply, left []services.Change) error {
	if err := x.recordChanges(ctx, apply, false); err != nil {
		return err
	}
	return x.recordChanges(ctx, left, true)
}

func (x *Session) recordChanges(ctx context.Context, changes []services.Change, moved bool) error {
	rows := make([]servicesql.ServicePlanRowsParams, 0, len(changes))
	for _, c := range changes {
		row := servicesql.ServicePlanRowsParams{
			RunID: x.run.ID, Code: c.Code, Field: c.FieldName(), Fact: c.FieldName(), Type: c.Type, Verb: c.Verb, Old: c.Old, New: c.New,
			Reason: c.Reason, Undone: c.Undone, Moved: moved, LeftOut: runstore.WhyLeft(moved, c.Left), Digest: c.Digest(), Leaves: c.Leaves,
		}
		if c.Waits != runs.NotWithheld {
			row.Withheld, row.Waits, row.SinceRun = c.Waits, true, &c.Since
		}
		rows = append(rows, row)
	}
	_, err := x.plan.ServicePlanRows(ctx, rows)
	return postgres.Wrap(err, "storing the plan")
}

// Losses counts the services that each site would lose by the plan, and the
// services that all sites show.
func (x *Session) Losses(ctx context.Context) (losses []services.SiteLosses, all int, err error) {
	rows, err := x.plan.ServiceLosses(ctx, x.run.ID)
	if err != nil {
		return nil, 0, postgres.Wrap(err, "counting the plan")
	}
	shown, err := x.plan.CountShownServices(ctx)
	if err != nil {
		return nil, 0, postgres.Wrap(err, "counting services")
	}
	losses = make([]services.SiteLosses, len(rows))
	for i, row := range rows {
		losses[i] = services.SiteLosses(row)
	}
	return losses, shown, nil
}

// Withhold holds back the losses of these sites and the changes that were
// undone before, and counts them, sorted by type and reason.
func (x *Session) Withhold(ctx context.Context, losing []services.SiteLosses) ([]services.WithheldCount, error) {
	sites := make([]string, len(losing))
	for i, site := range losing {
		sites[i] = string(site.Code)
	}
	if len(sites) > 0 {
		if err := x.plan.WithholdLosses(ctx, servicesql.WithholdLossesParams{RunID: x.run.ID, Sites: sites}); err != nil {
			return nil, postgres.Wrap(err, "withholding")
		}
	}
	if err := x.plan.WithholdUndoneServices(ctx, x.run.ID); err != nil {
		return nil, postgres.Wrap(err, "withholding")
	}
	rows, err := x.plan.WithheldServices(ctx, x.run.ID)
	counts := make([]services.WithheldCount, len(rows))
	for i, row := range rows {
		counts[i] = services.WithheldCount(row)
	}
	return counts, postgres.Wrap(err, "counting what is withheld")
}

// Summarise counts and digests what the plan would do now.
func (x *Session) Summarise(ctx context.Context) (runs.Summary, error) {
	summary, err := x.Session.Summarise(ctx)
	if err != nil {
		return summary, err
	}
	population, err := x.plan.CountServiceSites(ctx, x.run.ID)
	summary.Population = population
	return summary, postgres.Wrap(err, "counting profiles")
}
