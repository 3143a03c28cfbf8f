package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/profilesync/profilesync/connectors/postgres/dbsqlc"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// Plan begins the plan's transaction: everything from here on vanishes unless it
// is sealed.
func (d *ServiceDraft) Plan(ctx context.Context) error {
	tx, err := d.conn.Begin(ctx)
	if err != nil {
		return wrap(err, "beginning a plan")
	}
	d.tx, d.q = tx, dbsqlc.New(tx)
	if d.run.ID == 0 {
		return wrap(d.preview(ctx), "beginning a preview")
	}
	return nil
}

// preview gives a run that is not stored its number, and what it was told.
func (d *ServiceDraft) preview(ctx context.Context) (err error) {
	if d.run.ID, err = insertRun(ctx, d.q, d.run); err != nil {
		return err
	}
	for i := range d.told {
		d.told[i].RunID = int64(d.run.ID)
	}
	_, err = d.q.RunServices(ctx, d.told)
	d.told = nil
	return err
}

// Items returns, in pages, the services of which the run knows something new,
// and those that differ from the profiles they are at.
func (d *ServiceDraft) Items(ctx context.Context) iter.Seq2[[]services.Item, error] {
	return func(yield func([]services.Item, error) bool) {
		after := ""
		for {
			items, err := d.items(ctx, after, nil)
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

// ItemsOf returns the services of the given ids, with what was withheld of them:
// an approval never asks e-RS again.
func (d *ServiceDraft) ItemsOf(ctx context.Context, ids []services.ID) ([]services.Item, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return d.items(ctx, "", ids)
}

func (d *ServiceDraft) items(ctx context.Context, after string, ids []services.ID) ([]services.Item, error) {
	rows, err := d.q.ServiceItems(ctx, dbsqlc.ServiceItemsParams{
		RunID: int64(d.run.ID), After: after, Ids: texts(ids), Sites: texts(d.run.Codes), Most: int32(max(servicePage, len(ids))),
	})
	if err != nil {
		return nil, wrap(err, "reading services")
	}
	items := make([]services.Item, len(rows))
	at := make(map[string]*services.Item, len(rows))
	for i, row := range rows {
		items[i] = services.Item{
			ID: services.ID(row.ID), Was: services.State(row.Was), State: services.State(row.State),
			Specialty: row.Specialty, News: row.News, Settled: row.Settled,
		}
		if row.Facts != nil {
			if err := json.Unmarshal(row.Facts, &items[i].Service); err != nil {
				return nil, fmt.Errorf("the stored service %s: %w", row.ID, err)
			}
		}
		at[row.ID] = &items[i]
	}
	return items, d.loadSites(ctx, at)
}

func (d *ServiceDraft) loadSites(ctx context.Context, at map[string]*services.Item) error {
	ids, fields := make([]string, 0, len(at)), make([]string, 0, len(at))
	for id := range at {
		ids, fields = append(ids, id), append(fields, services.Field(services.ID(id)))
	}
	rows, err := d.q.ServiceSites(ctx, dbsqlc.ServiceSitesParams{RunID: int64(d.run.ID), Ids: ids, Today: toDate(d.run.AsOf)})
	if err != nil {
		return wrap(err, "reading the sites of services")
	}
	marks, err := d.marks(ctx, fields)
	if err != nil {
		return err
	}
	for _, row := range rows {
		site := services.Site{
			Code: profile.ODSCode(row.Code), Type: profile.OrgType(row.Type), Held: row.Held,
			Marks: marks[row.Code+" "+services.Field(services.ID(row.ID))],
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

func (d *ServiceDraft) marks(ctx context.Context, fields []string) (map[string][]services.Mark, error) {
	rows, err := d.q.ServiceMarks(ctx, fields)
	marks := make(map[string][]services.Mark, len(rows))
	for _, row := range rows {
		key := row.Code + " " + row.Field
		marks[key] = append(marks[key], services.Mark{Verdict: runs.Verdict(row.Verdict), Value: row.Value})
	}
	return marks, wrap(err, "loading decisions")
}

// Record stores a part of the plan, and what profiles are to show of its
// services.
func (d *ServiceDraft) Record(ctx context.Context, items []services.Item, changes []services.Change) error {
	if err := d.recordChanges(ctx, changes, false); err != nil {
		return err
	}
	params := dbsqlc.SetServicesShownParams{RunID: int64(d.run.ID)}
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
	return wrap(d.q.SetServicesShown(ctx, params), "storing services")
}

// RecordDecision stores what an approval or an undo will apply, and names what
// it leaves out.
func (d *ServiceDraft) RecordDecision(ctx context.Context, apply, left []services.Change) error {
	if err := d.recordChanges(ctx, apply, false); err != nil {
		return err
	}
	return d.recordChanges(ctx, left, true)
}

func (d *ServiceDraft) recordChanges(ctx context.Context, changes []services.Change, moved bool) error {
	rows := make([]dbsqlc.ServicePlanRowsParams, 0, len(changes))
	for _, c := range changes {
		digest := c.Digest()
		rows = append(rows, dbsqlc.ServicePlanRowsParams{
			RunID: int64(d.run.ID), Code: string(c.Code), Field: c.FieldName(), Type: string(c.Type), Verb: string(c.Verb),
			Old: c.Old, New: c.New, Reason: string(c.Reason), Undone: c.Undone, Moved: moved, Digest: digest[:], Leaves: string(c.Leaves),
		})
	}
	_, err := d.q.ServicePlanRows(ctx, rows)
	return wrap(err, "storing the plan")
}

// Judge lets the guard screen the plan and returns the summary of what would be
// applied. A nil guard withholds nothing: what a person approved is applied.
func (d *ServiceDraft) Judge(ctx context.Context, guard *services.Guard) (runs.Summary, error) {
	summary := runs.NewSummary(d.run)
	summary.Records, summary.Rejected = d.asked, d.rejected
	if guard != nil {
		withheld, err := d.withhold(ctx, *guard)
		if err != nil {
			return summary, err
		}
		summary.Withheld = withheld
	}
	var err error
	if summary.Digest, err = d.q.PlanDigest(ctx, dbsqlc.PlanDigestParams{RunID: int64(d.run.ID)}); err != nil {
		return summary, wrap(err, "digesting the plan")
	}
	population, err := d.q.CountServiceSites(ctx, int64(d.run.ID))
	if err != nil {
		return summary, wrap(err, "counting profiles")
	}
	summary.Population = int(population)
	return summary, count(ctx, d.q, d.run, &summary)
}

func (d *ServiceDraft) withhold(ctx context.Context, guard services.Guard) ([]runs.Withheld, error) {
	rows, err := d.q.ServiceLosses(ctx, int64(d.run.ID))
	if err != nil {
		return nil, wrap(err, "counting the plan")
	}
	all, err := d.q.CountShownServices(ctx)
	if err != nil {
		return nil, wrap(err, "counting services")
	}
	losses := make([]services.SiteLosses, len(rows))
	for i, row := range rows {
		losses[i] = services.SiteLosses{
			Code: profile.ODSCode(row.Code), Type: profile.OrgType(row.Type), Losses: int(row.Losses), Of: int(row.Services),
		}
	}
	var sites []string
	for _, site := range guard.Judge(losses, int(all)) {
		sites = append(sites, string(site.Code))
	}
	if len(sites) > 0 {
		if err := d.q.WithholdLosses(ctx, dbsqlc.WithholdLossesParams{RunID: int64(d.run.ID), Sites: sites}); err != nil {
			return nil, wrap(err, "withholding")
		}
	}
	if err := d.q.WithholdUndoneServices(ctx, int64(d.run.ID)); err != nil {
		return nil, wrap(err, "withholding")
	}
	return d.withheld(ctx, losses, int(all))
}

// withheld is what people see: a row a reason and type of profile, measured
// against the services of the sites that would lose some, or against all.
func (d *ServiceDraft) withheld(ctx context.Context, losses []services.SiteLosses, all int) ([]runs.Withheld, error) {
	services := make(map[string]int, len(losses))
	for _, site := range losses {
		services[string(site.Code)] = site.Of
	}
	rows, err := d.q.WithheldServices(ctx, int64(d.run.ID))
	if err != nil {
		return nil, wrap(err, "counting what is withheld")
	}
	shown := []runs.Withheld{}
	for _, row := range rows { // sorted, so that rows of one kind stand together
		kind := runs.Withheld{
			Reason: runs.WithheldReason(row.Withheld), Type: profile.OrgType(row.Type), Field: profile.FieldERSServices.String(),
		}
		if last := len(shown) - 1; last < 0 || shown[last].Reason != kind.Reason || shown[last].Type != kind.Type {
			shown = append(shown, kind)
		}
		at := &shown[len(shown)-1]
		at.Count += int(row.Count)
		if at.Of += services[row.Leaves]; kind.Reason != runs.TooManyRemovals {
			at.Of = all
		}
	}
	return shown, nil
}

// Seal stores the plan: from here on the run is applied, also by another
// process when this one dies.
func (d *ServiceDraft) Seal(ctx context.Context, summary runs.Summary) error {
	stored, err := json.Marshal(summary)
	if err != nil {
		return fmt.Errorf("summary: %w", err)
	}
	if err := d.q.SealPlan(ctx, dbsqlc.SealPlanParams{ID: int64(d.run.ID), Digest: summary.Digest, Summary: stored}); err != nil {
		return wrap(err, "sealing the plan")
	}
	return wrap(d.tx.Commit(ctx), "sealing the plan")
}
