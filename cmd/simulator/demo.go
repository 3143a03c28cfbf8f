package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/profilesync/profilesync/cmd/simulator/demo"
	"github.com/profilesync/profilesync/cmd/simulator/screen"
)

type demoCmd struct {
	stageFlags
	Dir string `default:".local/demo" placeholder:"DIR" help:"Where the database and summary.json go. Default: ${default}."`
}

// Run plays the story.
func (c *demoCmd) Run(ctx context.Context, out screens) (err error) {
	began := time.Now()
	show := screen.New(out.stdout)
	defer show.Tick()()
	show.Linef("profilesync's main job, played once against a made-up register.")
	show.Do("starting a private Postgres and the simulated systems")
	stage, err := c.build(ctx, c.Dir, demo.FirstDay(), nil, show.Note)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.close()) }()
	show.Linef("database   private Postgres under %s", c.Dir)
	for _, warning := range stage.cluster.Warnings() {
		show.Say(warning)
	}
	show.Linef("register   %s (CSV downloads and FHIR API, simulated)", stage.systems.RegisterURL)
	show.Linef("DoS        %s (change events and FHIR ingest, simulated)", stage.systems.DoSURL)
	show.Linef("website    %s (profiles and their search, simulated)", stage.systems.WebsiteURL)
	show.Linef("e-RS       %s (services of trusts, simulated)", stage.systems.ERSURL)
	show.Linef("ready      (%.1f s)\n", time.Since(began).Seconds())

	return demo.Play(ctx, demo.Setting{
		Systems: stage.systems, Program: stage.program, Database: stage.cluster.URL(), Board: stage.board,
		Dir: stage.dir, Command: fmt.Sprintf("PROFILESYNC_LOCAL_DIR=%s %s", c.Dir, screen.ShortPath(c.Profilesync)),
		Seed: c.Seed, Began: began, Screen: show,
	})
}
