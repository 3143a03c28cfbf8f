// Command profilesync keeps a national directory of health services up to date:
// see README.md, and `profilesync --help`.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/local"
)

// version is set when the binary is built.
var version = "dev"

// lastMoment is how long after Ctrl-C a command may still say why it ends, if nobody
// reads that. It is longer than leaveAfter.
const lastMoment = leaveAfter + 300*time.Millisecond

func main() {
	local.SuperviseIfAsked()
	if err := postgres.ForgetVariables(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)                // a second Ctrl-C ends the program at once
	if !slices.Contains(os.Args[1:], "serve") { // its jobs have longer to end
		context.AfterFunc(ctx, func() { time.AfterFunc(lastMoment, func() { os.Exit(commands.ExitFailed) }) })
	}
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
