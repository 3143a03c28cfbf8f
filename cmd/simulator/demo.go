package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/people"
)

type demoCmd struct {
	stageFlags
	Dir string `default:".local/demo" placeholder:"DIR" help:"Where the database and summary.json go. Default: ${default}."`
}

// Run plays the story. A wrong number is an error: the demonstration is a test.
func (c *demoCmd) Run(ctx context.Context, out screens) (err error) {
	began := time.Now()
	show := newScreen(out.stdout)
	defer show.tick()()
	show.linef("profilesync's main job, played once against a made-up register.")
	show.do("starting a private Postgres and the simulated systems")
	stage, err := c.build(ctx, c.Dir, firstDay(), nil, show.note)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.close()) }()
	show.linef("database   private Postgres under %s", c.Dir)
	for _, warning := range stage.cluster.Warnings() {
		show.say(warning)
	}
	show.linef("register   %s (CSV downloads and FHIR API, simulated)", stage.outside.registerURL)
	show.linef("DoS        %s (change events and FHIR ingest, simulated)", stage.outside.dosURL)
	show.linef("website    %s (profiles and their search, simulated)", stage.outside.websiteURL)
	show.linef("e-RS       %s (services of trusts, simulated)", stage.outside.ersURL)
	show.linef("ready      (%.1f s)\n", time.Since(began).Seconds())

	s := &story{
		world: stage.world, referrals: stage.outside.referrals, extract: filepath.Join(stage.dir, "EBSX05.zip"),
		program: stage.program, sinks: stage.outside, editor: editAs("Cara", stage.cluster.URL()),
		people: crowdOf(stage.cluster.URL()), board: stage.board, letters: map[people.LetterKind]int{},
		page:   filepath.Join(stage.dir, "report.html"),
		oracle: newOracle(), screen: show, now: time.Now,
	}
	told := s.tell(ctx)
	sum := s.summarise(c.Seed, time.Since(began).Seconds(), told)
	path, err := sum.write(stage.dir)
	if told != nil || err != nil {
		return errors.Join(told, err)
	}
	s.table()
	c.farewell(s, sum, path)
	return nil
}

func (c *demoCmd) farewell(s *story, sum summary, path string) {
	s.screen.linef("\n%s open at the end, every number as the register has it. %.1f s in all.",
		count(sum.Totals.Profiles, "profile"), sum.Seconds)
	s.screen.linef("%s pushes to DoS and %s to the website, each effect once; %d of %d drifted fields repaired.",
		number(sum.Totals.DoS), number(sum.Totals.Website), sum.Totals.Repaired, sum.Totals.Drifted)
	s.screen.linef("%s of e-RS shown at the end, as its trusts arranged them.", count(sum.Totals.Services, "service"))
	s.screen.linef("%s to people, each once, none after everything was checked.", count(sum.Totals.Letters, "letter"))
	s.screen.linef("letters    %s", short(filepath.Join(filepath.Dir(path), "mail")))
	s.screen.linef("report     %s", short(s.page))
	s.screen.linef("counts     %s", short(path))
	s.screen.linef("\nLook around; the database is still there:")
	command := fmt.Sprintf("  PROFILESYNC_LOCAL_DIR=%s %s", c.Dir, short(c.Profilesync))
	s.screen.linef("%s runs list", command)
	s.screen.linef("%s runs show %s --withheld", command, s.recoded)
	s.screen.linef("%s profile history %s", command, s.trust)
	s.screen.linef("%s profile history %s", command, s.edited)
	s.screen.linef("%s ers services %s", command, s.moved)
	s.screen.linef("%s push list --state no-route", command)
	s.screen.linef("%s mail list --state cancelled", command)
	s.screen.linef("%s accounts list --state deactivated", command)
}

// short is a path as seen from here, where that is shorter.
func short(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if near, err := filepath.Rel(here, path); err == nil && len(near) < len(path) && !strings.HasPrefix(near, "..") {
		return near
	}
	return path
}
