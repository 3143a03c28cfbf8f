package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile"
)

// apiKey is what the simulated FHIR API wants; it opens nothing else.
const apiKey = "made-up-key"

type serveCmd struct {
	worldFlags
	Day    reconcile.Date `placeholder:"DATE" help:"The day on which the register begins, YYYY-MM-DD. Default: 22 February 2026."`
	Listen string         `default:"127.0.0.1:8384" help:"Address; port 0 takes a free one."`
	Key    string         `default:"made-up-key" help:"What the FHIR API wants as apikey; empty: nothing."`
}

// Run serves until the context ends.
func (c *serveCmd) Run(ctx context.Context, s screens) error {
	world, err := c.world(c.Day, c.Key)
	if err != nil {
		return err
	}
	outside, err := open(ctx, world, c.Listen)
	if err != nil {
		return err
	}
	defer outside.close()
	outside.introduce(s, world)
	<-ctx.Done()
	return nil
}

// outside is the simulated systems on an address.
type outside struct {
	url    string
	server *http.Server
}

// open serves a world on an address until close.
func open(ctx context.Context, world *odstest.World, address string) (*outside, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serving the simulated systems: %w", err)
	}
	o := &outside{
		url:    "http://" + listener.Addr().String(),
		server: &http.Server{Handler: site(world), ReadHeaderTimeout: 10 * time.Second},
	}
	go func() { _ = o.server.Serve(listener) }() // it ends with close; a broken listener is seen by its clients
	return o, nil
}

func (o *outside) close() { _ = o.server.Close() }

// downloads and api are what profilesync is to be pointed at.
func (o *outside) downloads() string { return o.url }
func (o *outside) api() string       { return o.url + odstest.FHIRPath }

func (o *outside) introduce(s screens, world *odstest.World) {
	day := world.Day()
	_, _ = fmt.Fprintf(s.stdout, `register, as of %s:
  downloads     %s
  FHIR R4 API   %s
to play time, any day from then on:
  curl -X POST '%s%s?to=%s'
  curl -X POST '%s%s?on=%s'
`, day, o.downloads(), o.api(), o.url, churnPath, day.AddDays(30), o.url, recodePath, day.AddDays(31))
}
