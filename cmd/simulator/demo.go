package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

type demoCmd struct {
	stageFlags
	Dir string `default:".local/demo" placeholder:"DIR" help:"Where the database and summary.json go. Default: ${default}."`
}

// Run plays the story.
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
	show.linef("register   %s (CSV downloads and FHIR API, simulated)", stage.outside.RegisterURL)
	show.linef("DoS        %s (change events and FHIR ingest, simulated)", stage.outside.DoSURL)
	show.linef("website    %s (profiles and their search, simulated)", stage.outside.WebsiteURL)
	show.linef("e-RS       %s (services of trusts, simulated)", stage.outside.ERSURL)
	show.linef("ready      (%.1f s)\n", time.Since(began).Seconds())

	return newStory(setting{
		systems: stage.outside, program: stage.program, database: stage.cluster.URL(), board: stage.board,
		dir: stage.dir, command: fmt.Sprintf("PROFILESYNC_LOCAL_DIR=%s %s", c.Dir, short(c.Profilesync)),
		seed: c.Seed, began: began, screen: show,
	}).play(ctx)
}
