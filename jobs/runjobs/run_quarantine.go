package runjobs

import (
	"context"
	"fmt"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// quarantineAll stores the records of a chunk that could not be decoded.
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
		Reason: "the code is on several lines of this listing; ask ODS which one is right",
	})
}

// quarantine stores a bad record, and refuses the whole pull if more than 1 %
// of its records are bad: it is probably not the report that was asked for. A
// small delta may have a few bad ones.
func (p *organisationPlanner) quarantine(ctx context.Context, hash profile.Hash, rejected profile.Rejected) error {
	if p.rejected++; p.rejected == 1 {
		p.firstRejected = rejected
	}
	if p.rejected*100 > p.records && (p.run.Kind.IsListing() || p.rejected > allowedBad) {
		return &profile.RefusedError{
			Name: p.name(), At: p.firstRejected,
			Why: "more than 1 % of its records cannot be read; check that it is the right report",
		}
	}
	return p.session.Quarantine(ctx, hash, rejected)
}

// allowedBad is how many bad records a delta may always have.
const allowedBad = 10

func (p *organisationPlanner) name() string {
	if named, ok := p.pulled.(interface{ Name() string }); ok {
		return named.Name()
	}
	return p.run.Report
}
