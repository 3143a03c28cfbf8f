package demo

import (
	"context"
	"errors"
	"fmt"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/cmd/simulator/screen"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

func (s *story) first(ctx context.Context, now *step) (string, error) {
	runs, err := s.listings(ctx, now)
	total := totalOf(runs)
	return fmt.Sprintf("%s made, one for each active organisation; %s listed.",
		screen.Count(total.changes.Create, "profile"), screen.Count(total.contradictions, "contradiction")), err
}

func (s *story) month(ctx context.Context, now *step) (string, error) {
	played, err := s.register.Churn(dayOf(now.At))
	if err != nil {
		return "", err
	}
	if err := s.sinks.SeedDoS(); err != nil {
		return "", err
	}
	e := played.Events
	s.screen.Say(fmt.Sprintf("In it %d organisations open, %d close, %d fall dormant, %d move, %d get another name.",
		e["opened"], e["closed"], e["dormant"], e["moved"]+e["readdressed"], e["renamed"]))
	runs, err := s.listings(ctx, now)
	total := totalOf(runs)
	return fmt.Sprintf("Profiles: %s. %s wait until the listing of another day says so too.", changed(total.changes),
		screen.Count(total.pending, "closure")), err
}

func (s *story) recode(ctx context.Context, now *step) (string, error) {
	if _, err := s.register.Recode(dayOf(now.At)); err != nil {
		return "", err
	}
	held, runs, err := s.listingsWithheld(ctx, now)
	return fmt.Sprintf("%d of %d trusts change board in one step: held back until a person says yes. The rest goes on: %s.",
		held.Count, held.Of, changed(totalOf(runs).changes)), err
}

func (s *story) again(ctx context.Context, now *step) (string, error) {
	if err := s.register.Advance(dayOf(now.At)); err != nil {
		return "", err
	}
	held, runs, err := s.listingsWithheld(ctx, now)
	return fmt.Sprintf("%d of %d trusts held back again. The rest goes on: %s.", held.Count, held.Of, changed(totalOf(runs).changes)), err
}

// listingsWithheld reconciles all reports and expects the recode to be withheld.
func (s *story) listingsWithheld(ctx context.Context, now *step) (held runs.Withheld, runs []runs.Summary, err error) {
	if runs, err = s.listings(ctx, now); err != nil {
		return held, runs, err
	}
	for _, r := range runs {
		if r.Report == "etr" && len(r.Withheld) == 1 && r.Withheld[0].Field == "icb" {
			s.recodeRun, s.recodedTrust = r.Run, s.oracle.FirstWithheld("etr")
			return r.Withheld[0], runs, nil
		}
	}
	return held, runs, errors.New("the recode of the trusts was not held back: no run of etr withheld the field icb")
}

func (s *story) approve(ctx context.Context, now *step) (string, error) {
	return s.approval(ctx, now, "Ann")
}

func (s *story) approveAgain(ctx context.Context, now *step) (string, error) {
	return s.approval(ctx, now, "Bob")
}

func (s *story) approval(ctx context.Context, now *step, actor string) (string, error) {
	run, err := s.decide(ctx, now, s.oracle.Approval("etr"), "runs", "approve", s.recodeRun, "--actor", actor)
	return fmt.Sprintf("%s the new board; the audit names %s.", screen.Count(run.Changes.Update, "trust")+" get", actor), err
}

func (s *story) undo(ctx context.Context, now *step) (string, error) {
	approved := s.steps[len(s.steps)-1].Runs[0].Run
	run, err := s.decide(ctx, now, s.oracle.Undo("etr"), "runs", "undo", approved, "--confirm", approved, "--actor", "Bob")
	return fmt.Sprintf("Exactly those %s have the old board again.", screen.Count(run.Changes.Update, "trust")), err
}

// ask renames one pharmacy and reconciles it alone, by the API.
func (s *story) ask(ctx context.Context, now *step) (string, error) {
	code, err := s.openPharmacy()
	if err != nil {
		return "", err
	}
	if err := s.register.Rename(code, "NEW LEAF PHARMACY"); err != nil {
		return "", err
	}
	want := s.oracle.Rename(code, "NEW LEAF PHARMACY")
	_, err = s.decide(ctx, now, want, "reconcile", "--source", "ods", "--ods", code, "--wait", "--actor", "Ann")
	return code + " renamed at once, and nothing else touched.", err
}

// openPharmacy is the code of a pharmacy that is open both in the register and as a
// profile.
func (s *story) openPharmacy() (string, error) {
	facts, err := s.register.Facts(outside.Pharmacies)
	if err != nil {
		return "", err
	}
	for _, fact := range facts {
		if s.oracle.IsOpen(outside.Pharmacies, fact.Code) && fact.Standing == profile.Active {
			return fact.Code, nil
		}
	}
	return "", errors.New("the register has no open pharmacy")
}

func (s *story) last(ctx context.Context, now *step) (string, error) {
	if err := s.register.Advance(dayOf(now.At)); err != nil {
		return "", err
	}
	summaries, err := s.listings(ctx, now)
	total := totalOf(summaries)
	if err == nil && (total.changes != runs.ChangeCounts{} || total.withheld+total.pending > 0) {
		err = fmt.Errorf("the last night should have found nothing, but: %s, %d withheld, %d pending",
			changed(total.changes), total.withheld, total.pending)
	}
	return screen.Count(total.records, "record") + " read, nothing to do: profiles and register agree.", err
}
