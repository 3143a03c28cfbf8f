package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/profilesync/profilesync/connectors/postgres/dbsqlc"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// ServiceDraft is a plan of services in the making. What it is told is kept as
// it comes, so that a killed run goes on where it stopped; the plan itself is
// one transaction, of which nothing remains unless it is sealed. That of a
// preview holds what it was told, too. No transaction is open while e-RS is
// asked.
type ServiceDraft struct {
	run  runs.Run // without a number: a preview, before its plan
	conn *pgx.Conn
	tx   pgx.Tx // of the plan; nil before it
	q    *dbsqlc.Queries
	told []dbsqlc.RunServicesParams // to a preview, before its plan

	asked, rejected, total int
	cursor                 string
}

// ServiceDraft begins, or goes on, to plan a run of services. A run that is not
// stored yet (a preview) gets a number that vanishes with its plan.
func (x *Session) ServiceDraft(ctx context.Context, run runs.Run) (*ServiceDraft, error) {
	d := &ServiceDraft{run: run, conn: x.conn, q: x.q}
	return d, wrap(d.prepare(ctx), "beginning a plan")
}

func (d *ServiceDraft) prepare(ctx context.Context) error {
	if d.run.ID != 0 {
		pulled, err := d.q.GetPull(ctx, int64(d.run.ID))
		if err != nil {
			return err
		}
		d.cursor, d.asked, d.rejected = pulled.PulledTo, int(pulled.Asked), int(pulled.Rejected)
	}
	total, err := d.q.CountAsked(ctx, texts(d.run.Codes))
	d.total = int(total)
	return err
}

// Pulled is how many services were asked for so far, how many of them could not
// be read, and how many there are to ask for.
func (d *ServiceDraft) Pulled() (asked, rejected, total int) { return d.asked, d.rejected, d.total }

// page is how many services are read or planned at a time.
const servicePage = 2000

// Entries returns the register from where the run stands, in pages: one
// credential after the other, ids as numbers. Services that are gone are left
// out on all days but one of the week.
func (d *ServiceDraft) Entries(ctx context.Context) iter.Seq2[[]services.Entry, error] {
	return func(yield func([]services.Entry, error) bool) {
		at, id := parseCursor(d.cursor)
		for {
			rows, err := d.q.AskServices(ctx, dbsqlc.AskServicesParams{
				AfterCredential: at, AfterID: id, Sites: texts(d.run.Codes), Most: servicePage,
			})
			if err != nil {
				yield(nil, wrap(err, "reading the register of services"))
				return
			}
			var entries []services.Entry
			for _, row := range rows {
				at, id = row.Credential, row.ID
				entry := toEntry(row)
				if entry.State != services.Gone || services.AsksForGone(entry.ID, d.run.AsOf) {
					entries = append(entries, entry)
				}
			}
			if len(entries) > 0 && !yield(entries, nil) || len(rows) < servicePage {
				return
			}
		}
	}
}

func toEntry(row dbsqlc.AskServicesRow) services.Entry {
	entry := services.Entry{
		ID: services.ID(row.ID), State: services.State(row.State), Credential: row.Credential, Version: row.Version,
		MissingSince: fromDate(row.MissingSince), Pending: services.State(row.Pending), Specialty: row.Specialty,
	}
	copy(entry.Hash[:], row.FactsHash)
	return entry
}

// A cursor names the last entry that was asked for: credential and id.
func cursorOf(e services.Entry) string { return e.Credential + "/" + string(e.ID) }

func parseCursor(cursor string) (credential, id string) {
	at := strings.LastIndexByte(cursor, '/')
	if at < 0 {
		return "", ""
	}
	return cursor[:at], cursor[at+1:]
}

// Keep stores what answers said that is news, and how far the run has come: up
// to and with the last entry.
func (d *ServiceDraft) Keep(ctx context.Context, looks []services.Look, rejected []services.Answer,
	asked int, last services.Entry,
) error {
	rows := make([]dbsqlc.RunServicesParams, len(looks))
	for i, look := range looks {
		row, err := d.runService(look)
		if err != nil {
			return err
		}
		rows[i] = row
	}
	if d.run.ID == 0 {
		d.told = append(d.told, rows...)
		d.asked, d.rejected = d.asked+asked, d.rejected+len(rejected)
		return nil
	}
	err := inTx(ctx, d.conn, func(q *dbsqlc.Queries, _ pgx.Tx) error {
		if len(rows) > 0 {
			if _, err := q.RunServices(ctx, rows); err != nil {
				return err
			}
		}
		for _, answer := range rejected {
			if err := quarantineService(ctx, q, d.run, answer); err != nil {
				return err
			}
		}
		return q.MovePull(ctx, dbsqlc.MovePullParams{
			ID: int64(d.run.ID), PulledTo: cursorOf(last), Asked: int32(d.asked + asked),
			Rejected: int32(d.rejected + len(rejected)), Total: int32(d.total),
		})
	})
	if err != nil {
		return wrap(err, "keeping what e-RS said")
	}
	d.asked, d.rejected = d.asked+asked, d.rejected+len(rejected)
	return nil
}

func (d *ServiceDraft) runService(look services.Look) (row dbsqlc.RunServicesParams, err error) {
	row = dbsqlc.RunServicesParams{
		RunID: int64(d.run.ID), ID: string(look.ID), State: string(look.State), Credential: look.Credential,
		MissingSince: toDate(look.MissingSince), Version: look.Version, Sites: []string{},
	}
	if look.Service == nil {
		return row, nil
	}
	if row.Facts, err = json.Marshal(look.Service); err != nil {
		return row, fmt.Errorf("service %s: %w", look.ID, err)
	}
	if row.Shown, err = json.Marshal(look.Service.Shown(look.Specialty)); err != nil {
		return row, fmt.Errorf("service %s: %w", look.ID, err)
	}
	row.FactsHash, row.Sites = look.Hash[:], texts(look.Service.Sites)
	return row, nil
}

func quarantineService(ctx context.Context, q *dbsqlc.Queries, run runs.Run, a services.Answer) error {
	hash := a.Service.Hash() // of nothing: one row a service
	return q.Quarantine(ctx, dbsqlc.QuarantineParams{
		Source: string(run.Source), Report: run.Report, Code: string(a.ID), Field: "service", Value: string(a.ID), Reason: a.Reason,
		Raw: append([]byte{}, a.Raw...), RawHash: hash[:],
	})
}

// Discard leaves nothing of the plan. It does nothing after Seal.
func (d *ServiceDraft) Discard() {
	if d.tx != nil {
		_ = d.tx.Rollback(context.Background())
	}
}
