package main

import (
	"context"
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"github.com/profilesync/profilesync/cmd/simulator/outside"
	"github.com/profilesync/profilesync/cmd/simulator/program"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// The exit codes, the same as those of profilesync.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

const description = `Plays every outside system of profilesync on loopback, with a made-up register:
no real organisation is in it, and nothing leaves this machine.

Exit codes: 0 done, 1 failed, 2 usage.`

type cli struct {
	Serve serveCmd `cmd:"" help:"Serve the simulated systems until interrupted; other processes play time over HTTP."`
	Demo  demoCmd  `cmd:"" help:"Play the whole main job once against the real program, and check every number."`
	Run   runCmd   `cmd:"" help:"Keep the same set-up running: the simulated systems and the daemon."`
}

// screens are the streams that the commands write to.
type screens struct{ stdout, stderr io.Writer }

// run runs the program and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var commands cli
	exited := -1
	parser, err := kong.New(&commands, kong.Name("simulator"), kong.Description(description),
		kong.Vars{"console": program.ConsoleAddress}, kong.Writers(stdout, stderr), kong.Exit(func(code int) { exited = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}))
	if err != nil {
		return failed(stderr, err, exitFailed)
	}
	kctx, err := parser.Parse(args)
	switch {
	case exited >= 0:
		return exited // --help
	case err != nil:
		return failed(stderr, fmt.Errorf("%w (see simulator --help)", err), exitUsage)
	}
	kctx.BindTo(ctx, (*context.Context)(nil))
	if err := kctx.Run(screens{stdout, stderr}); err != nil {
		return failed(stderr, err, exitFailed)
	}
	return exitDone
}

func failed(stderr io.Writer, err error, code int) int {
	_, _ = fmt.Fprintln(stderr, "simulator:", err)
	return code
}

// registerFlags say which register is made up.
type registerFlags struct {
	Seed uint64 `default:"1" help:"Another seed makes another register."`
	Size int    `default:"12000" help:"Organisations over all reports; there are always 273 trusts, as in the real register."`
}

// smallest is the size below which some report would lack its dirty rows or events.
const smallest = 1000

// register makes up the register. Its FHIR API requires the key, unless it is empty.
func (f registerFlags) register(day profile.Date, key string) (*odstest.World, error) {
	if f.Size < smallest {
		return nil, fmt.Errorf("--size %d: want at least %d", f.Size, smallest)
	}
	return outside.NewRegister(f.Seed, f.Size, day, key)
}
