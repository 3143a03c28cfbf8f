// Command simulator plays every outside system of profilesync on loopback: for
// the demonstration (make demo), for trying it out (make run), and for tests
// that drive it from other processes. See README.md, and `simulator --help`.
//
//	main ─▶ serve ────────────────▶ outside
//	     ├▶ demo ─┐
//	     └▶ run ──┴▶ stage ───────▶ outside, program, a private database
//	          demo ─▶ package demo ─▶ oracle, screen
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/profilesync/profilesync/connectors/postgres/local"
)

func main() {
	local.SuperviseIfAsked()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
