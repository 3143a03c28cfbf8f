package dos

import (
	"context"
	"errors"
	"slices"

	"github.com/profilesync/profilesync/connectors/dos/internal/estate"
	"github.com/profilesync/profilesync/connectors/dos/internal/ids"
	"github.com/profilesync/profilesync/connectors/internal/parallel"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// CheckQuality makes the quality checks of pharmacies, and returns one result for each,
// in order (reconcile/RULES.md "Quality checks"). A pharmacy that DoS cannot be read for
// says so in its result, with what is wrong in the services that can be read, and the
// rest goes on; without a reader, or with one that does not show enough, only the
// profiles are checked. It stops at the first error that concerns DoS as a whole.
func (s *Sink) CheckQuality(ctx context.Context, facts []quality.Facts) ([]quality.Checked, error) {
	return parallel.Each(ctx, readers, facts, s.checkQualityOf)
}

func (s *Sink) checkQualityOf(ctx context.Context, f quality.Facts) (quality.Checked, error) {
	c := quality.Checked{Code: f.Code(), Findings: estate.CheckProfile(f)}
	reader, readable := s.reader.(estateReader)
	switch {
	case !readable:
		c.Unchecked = shownKinds()
		return c, nil
	case len(c.Code) != ids.CodeLength: // DoS has no services that are certainly its own
		return c, nil
	}
	services, err := reader.readEstate(ctx, c.Code)
	if refused, ok := errors.AsType[*push.SinkError](err); ok && refused.ConcernsOne() {
		c.Unchecked, c.Unreadable = shownKinds(), refused.Reason
		c.Findings = append(c.Findings, estate.CheckSome(f, services)...)
	} else if err != nil {
		return c, err
	} else {
		c.Unchecked = estate.Unchecked(c.Code, services)
		if f.Website == nil {
			c.Unchecked = append(c.Unchecked, quality.Contradiction)
		}
		c.Expected, c.Shown = !f.Desired.IsGone(), len(services) > 0
		c.Findings = append(c.Findings, estate.Check(f, services)...)
	}
	slices.SortFunc(c.Findings, quality.Finding.Compare)
	return c, nil
}

// shownKinds lists the checks of what DoS shows.
func shownKinds() []quality.Kind {
	return slices.DeleteFunc(quality.Kinds(), func(k quality.Kind) bool {
		return k == quality.InvalidHours || k == quality.OverlappingHours
	})
}

// estateReader is a reader that shows enough for the quality checks of DoS: statuses,
// types, code pairs and hours as they are stored. With an error that concerns only the
// pharmacy, it returns the services that could be read.
type estateReader interface {
	readEstate(ctx context.Context, code profile.ODSCode) ([]estate.Service, error)
}
