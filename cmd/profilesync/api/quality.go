package api

import (
	"context"
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// quality are operations on listings, and on what registers and sinks say wrongly.
func (s *server) quality() {
	operation.Add(s.set, operation.Route{
		ID: "list-listings", Method: http.MethodGet, Path: "/listings", Verb: guard.Read,
		Summary: "List the last accepted listing of each report",
	}, s.listListings)
	operation.Add(s.set, operation.Route{
		ID: "reset-listing", Method: http.MethodPost, Path: "/listings/{report}/reset", Verb: guard.Administer, Keyed: true,
		Summary: "Repair the day of a report's last accepted listing",
		About:   "No profile is changed. If the run with the wrong day is known, undo it instead.",
	}, s.resetListing)
	operation.Add(s.set, operation.Route{
		ID: "list-findings", Method: http.MethodGet, Path: "/checks", Verb: guard.Read,
		Summary: "List the quality findings, with who must act and what to do",
	}, s.listFindings)
	operation.Add(s.set, operation.Route{
		ID: "run-checks", Method: http.MethodPost, Path: "/checks", Verb: guard.Reconcile, Keyed: true, Within: readWithin,
		Summary: "Make the quality checks now, as the daemon does every night", About: "For all pharmacies that takes minutes.",
	}, s.runChecks)
	operation.Add(s.set, operation.Route{
		ID: "list-quarantine", Method: http.MethodGet, Path: "/quarantine", Verb: guard.Read,
		Summary: "List upstream records that could not be read, the newest first",
		About:   "One that is seen again while its list is read moves to the beginning, where only a new reading meets it.",
	}, s.listQuarantine)
	operation.Add(s.set, operation.Route{
		ID: "list-contradictions", Method: http.MethodGet, Path: "/contradictions", Verb: guard.Read,
		Summary: "List organisations that are active although their end date has passed",
	}, s.listContradictions)
	operation.Add(s.set, operation.Route{
		ID: "list-flags", Method: http.MethodGet, Path: "/flags", Verb: guard.Read,
		Summary: "List profiles whose upstream record a person should look at, and why",
	}, s.listFlags)
	operation.Add(s.set, operation.Route{
		ID: "list-owners", Method: http.MethodGet, Path: "/owners", Verb: guard.Read,
		Summary: "List sites whose owner changed or that have no open owner",
	}, s.listOwners)
}

func (s *server) listListings(ctx context.Context, in *operation.Paging) (*operation.List[upkeep.Listing], error) {
	key := func(l upkeep.Listing) string { return string(l.Source) + " " + l.Report }
	return operation.Paged(*in, key, func(int) ([]upkeep.Listing, error) { return s.do.Listings(ctx) })
}

type resetListingInput struct {
	Report string `path:"report" doc:"The report, as etr."`

	Body struct {
		To     string `json:"to" doc:"The day that the last accepted listing is taken to have; today at the latest."`
		Reason string `json:"reason" maxLength:"2000" doc:"Why, for the audit."`
	}
}

func (s *server) resetListing(ctx context.Context, in *resetListingInput) (*operation.Body[runstore.ResetDone], error) {
	var wrong operation.Inputs
	to := wrong.Day("body.to", in.Body.To)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	done, err := s.do.ResetListing(ctx, in.Report, to, in.Body.Reason)
	return operation.Answer(done, err)
}

type listFindingsInput struct {
	operation.Paging

	Kind  string `query:"kind" doc:"Only findings of this kind, such as no-dos-place."`
	Owner string `query:"owner" doc:"Only what this owner must act on: pharmacy, dos-lead or service-desk."`
	Code  string `query:"code" doc:"Only what is about this pharmacy."`
	Gone  bool   `query:"gone" doc:"With what is gone."`
}

// finding is a finding with what to do about it.
type finding struct {
	qualitystore.Found

	Advice string `json:"advice"`
}

func (s *server) listFindings(ctx context.Context, in *listFindingsInput) (*operation.List[finding], error) {
	var wrong operation.Inputs
	filter := qualitystore.Filter{
		Kind: operation.Parsed(
			&wrong,
			"kind",
			in.Kind,
			quality.ParseKind,
		), Owner: operation.Parsed(&wrong, "owner", in.Owner, quality.ParseOwner),
		Code: wrong.Code("code", in.Code), Gone: in.Gone,
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	key := func(f finding) string { return string(f.Code) + " " + string(f.Kind) + " " + f.Service + " " + f.About }
	return operation.Paged(in.Paging, key, func(most int) (all []finding, err error) {
		filter.Most = most
		found, err := s.do.Findings(ctx, filter)
		for _, f := range found {
			all = append(all, finding{f, f.Kind.Advice()})
		}
		return all, err
	})
}

type runChecksInput struct {
	Body struct {
		Codes []string `json:"codes,omitempty" maxItems:"1000" doc:"Only these pharmacies, by their ODS codes."`
	}
}

func (in *runChecksInput) Subject() string {
	return operation.Safe(in.Body.Codes[:min(len(in.Body.Codes), 20)]...)
}

func (s *server) runChecks(ctx context.Context, in *runChecksInput) (*operation.Body[quality.Result], error) {
	var wrong operation.Inputs
	codes := wrong.Codes("body.codes", in.Body.Codes)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	result, err := s.do.RunChecks(ctx, codes, nil)
	return operation.Answer(result, err)
}

// reportPageInput picks a report of a list.
type reportPageInput struct {
	operation.Paging

	Report string `query:"report" doc:"Only this report, as etr."`
}

func (in reportPageInput) report() (string, error) {
	var wrong operation.Inputs
	report := operation.Parsed(&wrong, "report", in.Report, func(name string) (string, error) { return name, wiring.CheckReport(name) })
	return report, wrong.Err()
}

func (s *server) listQuarantine(ctx context.Context, in *reportPageInput) (*operation.List[qualitystore.Quarantined], error) {
	report, err := in.report()
	if err != nil {
		return nil, err
	}
	key := qualitystore.Quarantined.Place
	return operation.PagedFrom(in.Paging, key, func(at qualitystore.QuarantinePlace, most int) ([]qualitystore.Quarantined, error) {
		return s.do.QuarantineBehind(ctx, report, at, most)
	})
}

func (s *server) listContradictions(ctx context.Context, in *reportPageInput) (*operation.List[qualitystore.Contradiction], error) {
	report, err := in.report()
	if err != nil {
		return nil, err
	}
	key := func(c qualitystore.Contradiction) string { return c.Report + " " + string(c.Code) }
	return operation.Paged(in.Paging, key, func(int) ([]qualitystore.Contradiction, error) { return s.do.Contradictions(ctx, report) })
}

func (s *server) listFlags(ctx context.Context, in *reportPageInput) (*operation.List[qualitystore.Flagged], error) {
	report, err := in.report()
	if err != nil {
		return nil, err
	}
	key := func(f qualitystore.Flagged) string { return f.Report + " " + string(f.Code) }
	return operation.Paged(in.Paging, key, func(int) ([]qualitystore.Flagged, error) { return s.do.Flags(ctx, report) })
}

type listOwnersInput struct {
	operation.Paging

	Days int `query:"days" default:"92" minimum:"0" maximum:"10000" doc:"How many days a site is listed after its owner changed."`
}

func (s *server) listOwners(ctx context.Context, in *listOwnersInput) (*operation.List[servicestore.OwnedSite], error) {
	key := func(o servicestore.OwnedSite) string { return string(o.Code) }
	return operation.Paged(in.Paging, key, func(int) ([]servicestore.OwnedSite, error) { return s.do.Owners(ctx, in.Days) })
}
