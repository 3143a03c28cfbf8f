package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/cmd/simulator/program"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/connectors/postgres/local"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// stageFlags say what a stage is built from; demo and run share them.
type stageFlags struct {
	worldFlags
	Profilesync string `required:"" type:"path" placeholder:"PATH" help:"The real program."`
}

// stage is everything the real program meets: the simulated systems, an empty
// private database, and the program itself.
type stage struct {
	dir     string
	world   *odstest.World
	outside *outside.Systems
	cluster *local.Cluster
	program *program.Program
	board   string // whose list gets letters
}

// build sets the stage under a folder, with the register's first day and the
// clock of DoS and the website; without one it is the register's day there, too.
// The error of a stage that could not be built whole says why; nothing of it
// stays open then.
func (f stageFlags) build(ctx context.Context, dir string, day profile.Date, now func() time.Time, says func(string),
) (s *stage, err error) {
	s = &stage{}
	if s.dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("--dir: %w", err)
	}
	if s.world, err = f.world(day, outside.Key); err != nil {
		return nil, err
	}
	if now == nil {
		now = outside.Clock(s.world)
	}
	if s.outside, err = outside.New(s.world, outside.Key, now); err != nil {
		return nil, err
	}
	if err = s.outside.Open(ctx, "127.0.0.1:0"); err != nil {
		return nil, err
	}
	if s.cluster, err = openEmpty(ctx, s.dir); err == nil {
		s.program, err = program.New(f.Profilesync, s.dir, s.outside, says)
	}
	if err == nil {
		s.board, err = outside.LargestBoard(s.world)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.program.Set("LISTS", fmt.Sprintf(`{%q:"board.list@example.nhs.uk"}`, s.board))
	return s, nil
}

func (s *stage) close() error {
	s.outside.Close()
	if s.cluster == nil {
		return nil
	}
	return s.cluster.Close()
}
