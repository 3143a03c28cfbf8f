package runjobs

import (
	"context"
	"fmt"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// quarantineAll keeps what of a chunk could not be decoded.
func (p *organisationPlanner) quarantineAll(ctx context.Context, chunk decoded) error {
	for _, r := range chunk.rejected {
		if err := p.quarantine(ctx, r.hash, r.why); err != nil {
			return err
		}
	}
	return chunk.err
}

func (p *organisationPlanner) quarantineDuplicate(ctx context.Context, row profile.Row) error {
	raw, err := p.pulled.Raw(row)
	if err != nil {
		return fmt.Errorf("reading line %d: %w", row.Line, err)
	}
	return p.quarantine(ctx, row.Hash, profile.Rejected{
		Code: row.Code, Line: row.Line, Field: "Organisation Code", Value: string(row.Code), Raw: raw,
		Reason: "the code stands on several lines of this listing; ask ODS which one holds",
	})
}

// quarantine keeps a bad record, and refuses the whole pull when more than one
// in a hundred are bad: then it is not what it is said to be. A delta of a few
// records may hold a few bad ones.
func (p *organisationPlanner) quarantine(ctx context.Context, hash profile.Hash, rejected profile.Rejected) error {
	if p.bad++; p.bad == 1 {
		p.first = rejected
	}
	if p.bad*100 > p.records && (p.run.Kind == runs.RunListing || p.bad > fewBad) {
		return &profile.RefusedError{
			Name: p.name(), At: p.first,
			Why: "more than 1 % of its records cannot be read; check that it is the report it is said to be",
		}
	}
	return p.session.Quarantine(ctx, hash, rejected)
}

// fewBad records never make a delta suspicious.
const fewBad = 10

func (p *organisationPlanner) name() string {
	if named, ok := p.pulled.(interface{ Name() string }); ok {
		return named.Name()
	}
	return p.run.Report
}
