package api

import (
	"context"

	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/reconcile/runs"
)

type planChangesInput struct {
	PlanInput
	operation.Paging

	Whole bool `query:"whole" doc:"In the order of the plan's digest, with the values of creations."`
	Most  int  `query:"most" minimum:"0" doc:"Of each kind only those of the first profiles, at most so many; 0 for all."`
}

// planChange is a change among those of its kind.
type planChange struct {
	planstore.Change

	Fact     string `json:"fact,omitempty" doc:"Changes of one fact go together."`
	Profiles int    `json:"profiles,omitempty" doc:"How many profiles change in this way."`
}

func (s *server) listPlanChanges(ctx context.Context, in *planChangesInput) (*operation.List[planChange], error) {
	var wrong operation.Inputs
	plan := parsePlan(&wrong, in.Plan)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	key := func(c planChange) string { return string(c.Code) + " " + c.Field }
	if in.Whole {
		return operation.Paged(in.Paging, key, func(most int) ([]planChange, error) { return s.wholePlan(ctx, plan, most) })
	}
	return operation.Paged(in.Paging, key, func(int) (changes []planChange, err error) {
		shown, err := s.do.PlanChanges(ctx, plan, in.Most)
		for _, c := range shown {
			changes = append(changes, planChange{c.Change, c.Fact, c.Profiles})
		}
		return changes, err
	})
}

func (s *server) wholePlan(ctx context.Context, plan runs.PlanID, most int) (changes []planChange, err error) {
	for page, err := range s.do.WholePlan(ctx, plan) {
		if err != nil || len(changes) >= most {
			return changes, err
		}
		for _, c := range page {
			changes = append(changes, planChange{Change: c})
		}
	}
	return changes, nil
}
