package api

import (
	"context"
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// quality are operations on listings, and on what registers and sinks say wrongly.
func (s *server) quality() {
	add(s, route{
		id: "list-listings", method: http.MethodGet, path: "/listings", verb: guard.Read,
		summary: "List the last accepted listing of each report",
	}, s.listListings)
	add(s, route{
		id: "reset-listing", method: http.MethodPost, path: "/listings/{report}/reset", verb: guard.Administer, keyed: true,
		summary: "Repair the day of a report's last accepted listing",
		about:   "No profile is changed. If the run with the wrong day is known, undo it instead.",
	}, s.resetListing)
	add(s, route{
		id: "list-findings", method: http.MethodGet, path: "/checks", verb: guard.Read,
		summary: "List what the quality checks found, with who must act and what to do",
	}, s.listFindings)
	add(s, route{
		id: "run-checks", method: http.MethodPost, path: "/checks", verb: guard.Reconcile, keyed: true, within: readWithinAll,
		summary: "Make the quality checks now, as the daemon does every night", about: "For all pharmacies that takes minutes.",
	}, s.runChecks)
	add(s, route{
		id: "list-quarantine", method: http.MethodGet, path: "/quarantine", verb: guard.Read,
		summary: "List upstream records that could not be read, the newest first",
	}, s.listQuarantine)
	add(s, route{
		id: "list-contradictions", method: http.MethodGet, path: "/contradictions", verb: guard.Read,
		summary: "List organisations that are active although their end date has passed",
	}, s.listContradictions)
	add(s, route{
		id: "list-flags", method: http.MethodGet, path: "/flags", verb: guard.Read,
		summary: "List profiles whose upstream record a person should check, and why",
	}, s.listFlags)
	add(s, route{
		id: "list-owners", method: http.MethodGet, path: "/owners", verb: guard.Read,
		summary: "List sites whose owner changed or that have no open owner",
	}, s.listOwners)
}

func (s *server) listListings(ctx context.Context, in *Paging) (*pageOf[actions.Listing], error) {
	key := func(l actions.Listing) string { return string(l.Source) + " " + l.Report }
	return paged(*in, key, func(int) ([]actions.Listing, error) { return s.do.Listings(ctx) })
}

type resetListingInput struct {
	Report string `path:"report" doc:"The report, as etr."`

	Body struct {
		To     string `json:"to" doc:"The day that the last accepted listing is taken to have; today at the latest."`
		Reason string `json:"reason" maxLength:"2000" doc:"Why, for the audit."`
	}
}

func (s *server) resetListing(ctx context.Context, in *resetListingInput) (*body[runstore.ResetDone], error) {
	var wrong inputs
	to := wrong.day("body.to", in.Body.To)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	done, err := s.do.ResetListing(ctx, in.Report, to, in.Body.Reason)
	return answer(done, err)
}

type listFindingsInput struct {
	Paging

	Kind  string `query:"kind" doc:"Only what this check found, such as no-dos-place."`
	Owner string `query:"owner" doc:"Only what this owner must act on: pharmacy, dos-lead or service-desk."`
	Code  string `query:"code" doc:"Only what is about this pharmacy."`
	Gone  bool   `query:"gone" doc:"With what is gone."`
}

// finding is a finding with what to do about it.
type finding struct {
	qualitystore.Found

	Advice string `json:"advice"`
}

func (s *server) listFindings(ctx context.Context, in *listFindingsInput) (*pageOf[finding], error) {
	var wrong inputs
	filter := qualitystore.Filter{
		Kind: parsed(&wrong, "kind", in.Kind, quality.ParseKind), Owner: parsed(&wrong, "owner", in.Owner, quality.ParseOwner),
		Code: wrong.code("code", in.Code), Gone: in.Gone,
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	key := func(f finding) string { return string(f.Code) + " " + string(f.Kind) + " " + f.Service + " " + f.About }
	return paged(in.Paging, key, func(most int) (all []finding, err error) {
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

func (in *runChecksInput) subject() string {
	return safe(in.Body.Codes[:min(len(in.Body.Codes), 20)]...)
}

func (s *server) runChecks(ctx context.Context, in *runChecksInput) (*body[quality.Result], error) {
	var wrong inputs
	codes := wrong.codes("body.codes", in.Body.Codes)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	result, err := s.do.RunChecks(ctx, codes, nil)
	return answer(result, err)
}

// reportPageInput picks a report of a list.
type reportPageInput struct {
	Paging

	Report string `query:"report" doc:"Only this report, as etr."`
}

func (in reportPageInput) report() (string, error) {
	var wrong inputs
	report := parsed(&wrong, "report", in.Report, func(name string) (string, error) { return name, wiring.CheckReport(name) })
	return report, wrong.err()
}

func (s *server) listQuarantine(ctx context.Context, in *reportPageInput) (*pageOf[runstore.Quarantined], error) {
	report, err := in.report()
	if err != nil {
		return nil, err
	}
	key := func(q runstore.Quarantined) string {
		return q.Report + " " + string(q.Code) + " " + q.Field + " " + q.Value
	}
	return paged(in.Paging, key, func(most int) ([]runstore.Quarantined, error) { return s.do.Quarantine(ctx, report, most) })
}

func (s *server) listContradictions(ctx context.Context, in *reportPageInput) (*pageOf[runstore.Contradiction], error) {
	report, err := in.report()
	if err != nil {
		return nil, err
	}
	key := func(c runstore.Contradiction) string { return c.Report + " " + string(c.Code) }
	return paged(in.Paging, key, func(int) ([]runstore.Contradiction, error) { return s.do.Contradictions(ctx, report) })
}

func (s *server) listFlags(ctx context.Context, in *reportPageInput) (*pageOf[runstore.Flagged], error) {
	report, err := in.report()
	if err != nil {
		return nil, err
	}
	key := func(f runstore.Flagged) string { return f.Report + " " + string(f.Code) }
	return paged(in.Paging, key, func(int) ([]runstore.Flagged, error) { return s.do.Flags(ctx, report) })
}

type listOwnersInput struct {
	Paging

	Days int `query:"days" default:"92" minimum:"0" maximum:"10000" doc:"How many days a site is listed after its owner changed."`
}

func (s *server) listOwners(ctx context.Context, in *listOwnersInput) (*pageOf[servicestore.OwnedSite], error) {
	key := func(o servicestore.OwnedSite) string { return string(o.Code) }
	return paged(in.Paging, key, func(int) ([]servicestore.OwnedSite, error) { return s.do.Owners(ctx, in.Days) })
}
