package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/profilesync/profilesync/cmd/profilesync/tracing"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
)

// traced has a command send its trace, if a collector is named. What it returns ends the
// command's span. A collector that does not answer is nothing that a command speaks of.
func traced(ctx context.Context, app *wiring.App) (_ context.Context, end func(error), err error) {
	app.Traces, err = tracing.Start(ctx, tracing.Options{
		Endpoint: app.Settings.TracesEndpoint, Getenv: os.Getenv, Version: app.Version,
		Log: slog.New(slog.DiscardHandler), Counted: func(string, int) {},
	})
	if app.Traces != nil {
		app.OnClose(app.Traces.Close)
	}
	ctx, end = app.Traces.Command(ctx, app.Command)
	return ctx, end, err
}
