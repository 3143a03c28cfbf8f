package runpages

import (
	"net/http"
	"slices"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/web"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// chosen are the changes of a rehearsal that a form is about, among those that can be
// decided on, and what selects them.
func (m room) chosen(r *http.Request, decidable func([]planstore.Rehearsed) []planstore.Rehearsed) (
	plan runs.PlanID, rows []planstore.Rehearsed, s runs.Selection, err error,
) {
	if plan, err = planNumber(r); err != nil {
		return plan, nil, s, err
	}
	all, _, _, err := m.do.Rehearsed(r.Context(), plan, runs.Selection{})
	if err != nil {
		return plan, nil, s, err
	}
	rows = decidable(all)
	if name := r.PostFormValue("group"); name != whole {
		rows = slices.DeleteFunc(rows, func(row planstore.Rehearsed) bool { return groupAhead(row).name() != name })
		if len(rows) > 0 {
			g := groupAhead(rows[0])
			s.Reason, s.Type, s.Fact = g.reason, g.orgType, g.fact
		}
	}
	if len(rows) == 0 {
		return plan, nil, s, errMovedAhead
	}
	return plan, rows, s, nil
}

var errMovedAhead = &actions.Error{
	Kind: actions.Conflict, Text: "what can be decided on has changed since you looked: this is what it is now",
}

// onlyTicked narrows a selection to what is ticked in the form.
func onlyTicked(r *http.Request, rows []planstore.Rehearsed, s *runs.Selection) ([]planstore.Rehearsed, error) {
	codes := r.PostForm["code"]
	if r.PostFormValue("ticks") != "" {
		if len(codes) == 0 {
			return nil, web.WrongError{Text: "tick what you decide on"}
		}
		rows = slices.DeleteFunc(rows, func(row planstore.Rehearsed) bool { return !slices.Contains(codes, string(row.Code)) })
	}
	if len(rows) == 0 {
		return nil, errMovedAhead
	}
	if r.PostFormValue("group") != whole { // nothing else tells creations from other changes
		for _, row := range rows {
			if !slices.Contains(s.Codes, row.Code) {
				s.Codes = append(s.Codes, row.Code)
			}
		}
	}
	return rows, nil
}

func (m room) approveAhead(r *http.Request) (string, error) {
	plan, rows, s, err := m.chosen(r, free)
	if err != nil {
		return "", err
	}
	if planstore.Digest(rows) != r.PostFormValue("digest") {
		return "", errMovedAhead
	}
	if rows, err = onlyTicked(r, rows, &s); err != nil {
		return "", err
	}
	span, err := spanOf(r)
	if err != nil {
		return "", err
	}
	s.Digest = planstore.Digest(rows)
	_, err = m.do.ApproveAhead(r.Context(), actions.AheadRequest{Plan: plan, Selection: s, Span: span})
	return rehearsalAddress(plan, "approved-ahead"), err
}

// spanOf returns the days for which a form approves something.
func spanOf(r *http.Request) (span runs.Span, err error) {
	var wrong web.WrongErrors
	at := r.PostFormValue("at")
	if span.First, err = profile.ParseDate(r.PostFormValue("first")); err != nil || span.First.IsZero() {
		wrong = append(wrong, web.WrongError{Field: "first-" + at, Text: "give the first day, as 2026-12-31"})
	}
	if span.Last, err = profile.ParseDate(r.PostFormValue("last")); err != nil || span.Last.IsZero() {
		wrong = append(wrong, web.WrongError{Field: "last-" + at, Text: "give the last day, as 2026-12-31"})
	}
	if len(wrong) > 0 {
		return span, wrong
	}
	return span, nil
}

func (m room) withdrawAhead(r *http.Request) (string, error) {
	plan, rows, s, err := m.chosen(r, func(all []planstore.Rehearsed) []planstore.Rehearsed { return in(all, planstore.Open) })
	if err != nil {
		return "", err
	}
	if _, err = onlyTicked(r, rows, &s); err != nil {
		return "", err
	}
	_, err = m.do.WithdrawAhead(r.Context(), plan, s)
	return rehearsalAddress(plan, "withdrawn-ahead"), err
}
