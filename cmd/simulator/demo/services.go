package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/profilesync/profilesync/cmd/simulator/oracle"
	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/cmd/simulator/program"
	"github.com/profilesync/profilesync/cmd/simulator/screen"
	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// services imports the extract and reconciles e-RS for the first time.
func (s *story) services(ctx context.Context, now *step) (string, error) {
	if err := os.WriteFile(s.extract, s.referrals.Extract(dayOf(now.At)), 0o600); err != nil {
		return "", fmt.Errorf("writing the extract: %w", err)
	}
	want, got := s.oracle.Import(s.referrals), oracle.Imported{}
	s.screen.Do("importing the extract")
	code, err := s.program.Rows(ctx, now.At, func(row json.RawMessage) error { return json.Unmarshal(row, &got) },
		"ers", "register", "import", s.extract, "--actor", "Ann")
	switch {
	case err != nil:
		return "", err
	case got != want:
		return "", fmt.Errorf("ers register import: want %+v, got %+v", want, got)
	case code != program.ExitDone:
		return "", checkExit(false, code)
	}
	run, err := s.pull(ctx, now)
	return fmt.Sprintf("%s in the extract; e-RS describes %s at %s, and the website shows them.",
		screen.Count(want.Rows, "service"), screen.Number(now.Services), screen.Count(run.Changes.Update, "site")), err
}

// pull reconciles e-RS, and waits until the website shows the result.
func (s *story) pull(ctx context.Context, now *step) (runs.Summary, error) {
	want, touched := s.oracle.Pull(s.referrals, dayOf(now.At))
	run, err := s.decide(ctx, now, want, "reconcile", "--source", "ers", "--wait", "--actor", "nightly")
	if err != nil {
		return run, err
	}
	pushed := s.expected
	pushed.Website.Stored += len(touched)
	if err := s.waitForPushes(ctx, pushed, func(got outside.Tally) bool { return got.ToWebsite() >= pushed.ToWebsite() }); err != nil {
		return run, err
	}
	if err := s.waitUntilPushed(ctx, now); err != nil {
		return run, err
	}
	if err := s.checkPushed(now, pushed); err != nil {
		return run, err
	}
	return run, s.checkServices(now)
}

// checkServices compares the services that the website shows for every site with the
// oracle's.
func (s *story) checkServices(now *step) error {
	want := s.oracle.ServicesShown()
	for _, code := range s.oracle.Codes("ets") {
		got, err := s.sinks.ServicesShown(code)
		if err != nil {
			return err
		}
		if !slices.Equal(got, want[code]) {
			return fmt.Errorf("services of %s on the website: want %v, got %v", code, want[code], got)
		}
		now.Services += len(got)
	}
	return nil
}

// reshuffle has a trust rename two services, move one to another site and end one.
func (s *story) reshuffle(ctx context.Context, now *step) (string, error) {
	trust, from, to := s.trustWithMostSites()
	if len(from) < 3 || len(to) < 1 {
		return "", fmt.Errorf("trust %s has too few services", trust)
	}
	for n, name := range []string{"Heart Failure Clinic", "Rapid Access Chest Pain Clinic"} {
		if err := s.referrals.Rename(from[n].ID, name); err != nil {
			return "", err
		}
		s.screen.Say(fmt.Sprintf("%s at %s is now %q", from[n].ID, from[n].Sites[0], name))
	}
	if err := s.referrals.Move(from[2].ID, to[0].Sites[0]); err != nil {
		return "", err
	}
	s.reshuffledSite = string(to[0].Sites[0])
	s.screen.Say(fmt.Sprintf("%s moves from %s to %s", from[2].ID, from[2].Sites[0], to[0].Sites[0]))
	if err := s.referrals.Remove(to[0].ID); err != nil {
		return "", err
	}
	s.screen.Say(fmt.Sprintf("%s at %s ends", to[0].ID, to[0].Sites[0]))
	run, err := s.pull(ctx, now)
	return fmt.Sprintf("%s of trust %s. What e-RS does not show today is missing, and stays.",
		screen.Count(run.Fields[profile.FieldERSServices.String()], "service")+" changed on profiles", trust), err
}

// trustWithMostSites is the trust with the most sites that have services, with the
// services of its first and last site.
func (s *story) trustWithMostSites() (trust string, first, last []erstest.Service) {
	sites := map[string]map[string][]erstest.Service{}
	for _, service := range s.referrals.Services() {
		site, trust := s.oracle.SiteOf(service.ID), string(service.Provider)
		if site == "" {
			continue
		}
		if sites[trust] == nil {
			sites[trust] = map[string][]erstest.Service{}
		}
		sites[trust][site] = append(sites[trust][site], service)
	}
	for _, of := range slices.Sorted(maps.Keys(sites)) {
		if len(sites[of]) > len(sites[trust]) {
			trust = of
		}
	}
	codes := slices.Sorted(maps.Keys(sites[trust]))
	if len(codes) < 2 {
		return trust, nil, nil
	}
	return trust, sites[trust][codes[0]], sites[trust][codes[len(codes)-1]]
}

// gone pulls a second time what was missing, and e-RS says that it does not
// exist. Then the daemon is stopped: the chapters about people run commands
// instead, one day each.
func (s *story) gone(ctx context.Context, now *step) (string, error) {
	run, err := s.pull(ctx, now)
	if err != nil {
		return "", err
	}
	daemon := s.daemon
	s.daemon = nil
	return screen.Count(run.Fields[profile.FieldERSServices.String()], "service") +
		" gone, as e-RS itself says, and removed from its profile. The daemon stopped cleanly when asked.", daemon.Stop()
}
