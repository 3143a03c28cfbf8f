package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/cmd/simulator/program"
	"github.com/profilesync/profilesync/connectors/postgres/local"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// stageFlags are the flags that demo and run share.
type stageFlags struct {
	registerFlags
	Profilesync string `required:"" type:"path" placeholder:"PATH" help:"The real program."`
}

// stage is the program and everything it works with: the simulated systems and
// an empty private database.
type stage struct {
	dir     string
	systems *outside.Systems
	cluster *local.Cluster
	program *program.Program
	board   string // whose mailing list gets letters
}

// build builds the stage in a folder, with the first day of the register. DoS, the
// website and e-RS take the time from now; if it is nil, from the register. onLine is
// called with every line of profilesync's standard error. If any part fails, nothing
// stays open.
func (f stageFlags) build(ctx context.Context, dir string, day profile.Date, now func() time.Time, onLine func(string),
) (s *stage, err error) {
	s = &stage{}
	if s.dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("--dir: %w", err)
	}
	register, err := f.register(day, outside.Key)
	if err != nil {
		return nil, err
	}
	if now == nil {
		now = outside.Clock(register)
	}
	if s.systems, err = outside.New(register, outside.Key, now); err != nil {
		return nil, err
	}
	if err = s.systems.Open(ctx, "127.0.0.1:0"); err != nil {
		return nil, err
	}
	if s.cluster, err = openEmptyDatabase(ctx, s.dir); err == nil {
		s.program, err = program.New(f.Profilesync, s.dir, s.systems, onLine)
	}
	if err == nil {
		s.board, err = outside.LargestBoard(register)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.program.Set("LISTS", fmt.Sprintf(`{%q:"board.list@example.nhs.uk"}`, s.board))
	return s, nil
}

func (s *stage) close() error {
	s.systems.Close()
	if s.cluster == nil {
		return nil
	}
	return s.cluster.Close()
}
