package wiring

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/connectors/dos"
	"github.com/profilesync/profilesync/connectors/website"
	"github.com/profilesync/profilesync/jobs/pushjobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// Sink is a configured sink, to push to, to preview and to check for drift.
type Sink interface {
	pushjobs.Sink
	pushjobs.Directory
	// Effects says what the sink does with a delivery on a day. The error, a
	// *push.SinkError, says that the delivery cannot be sent.
	Effects(ctx context.Context, d push.Delivery, today profile.Date) (push.Effects, error)
}

// Sinks are the configured sinks.
type Sinks map[push.Sink]Sink

// Sinks wires the sinks that have an address. It returns a settings.Error if a
// setting is wrong.
func (a *App) Sinks() (Sinks, error) {
	configured := make(Sinks)
	if a.Settings.DoSURL != "" || a.Settings.DoSFHIRURL != "" {
		sink, err := a.dos()
		if err != nil {
			return nil, err
		}
		configured[push.SinkDoS] = sink
	}
	if a.Settings.WebsiteURL != "" {
		sink, err := a.website()
		if err != nil {
			return nil, settings.Error{Err: fmt.Errorf("settings: %w", err)}
		}
		configured[push.SinkWebsite] = sink
	}
	return configured, nil
}

func (a *App) website() (*website.Sink, error) { return website.New(a.WebsiteOptions()) }

// WebsiteOptions are those of the website.
func (a *App) WebsiteOptions() website.Options {
	options := website.Options{
		URL: a.Settings.WebsiteURL, Key: settings.Rotating("WEBSITE_API_KEY"), SearchURL: a.Settings.WebsiteSearchURL,
	}
	options.Limits.PerSecond, options.Limits.Cooldown = a.Settings.WebsitePerSecond, a.cooldown()
	options.Limits.Opened = a.BreakerOpened
	return options
}

// cooldown is how long a sink is left alone after many failures in a row: less
// than the time to the next probe.
func (a *App) cooldown() time.Duration { return a.Settings.ProbeEvery / 2 }

// DoSOptions are those of DoS, without its ingest.
func (a *App) DoSOptions() dos.Options {
	options := dos.Options{
		Events: dos.EventOptions{URL: a.Settings.DoSURL, Key: settings.Rotating("DOS_API_KEY")},
		Read: dos.ReadOptions{
			URL: a.Settings.DoSReadURL, User: a.Settings.DoSReadUser, Password: settings.Rotating("DOS_READ_PASSWORD"),
		},
	}
	options.Events.Limits.PerSecond, options.Events.Limits.Cooldown = a.Settings.DoSPerSecond, a.cooldown()
	options.Read.Limits.PerSecond, options.Read.Limits.Cooldown = a.Settings.DoSReadPerSecond, a.cooldown()
	options.Events.Limits.Opened, options.Read.Limits.Opened = a.BreakerOpened, a.BreakerOpened
	return options
}

func (a *App) dos() (*dos.Sink, error) {
	options := a.DoSOptions()
	if a.Settings.DoSFHIRURL != "" {
		ingest, err := a.Ingest(0)
		if err != nil {
			return nil, settings.Error{Err: fmt.Errorf("settings of the DoS ingest: %w", err)}
		}
		options.Ingest = ingest
	}
	sink, err := dos.New(options)
	if err != nil {
		return nil, settings.Error{Err: fmt.Errorf("settings: %w", err)}
	}
	return sink, nil
}

// Ingest wires the ingest of DoS; with 0 attempts a request is tried as often as usual.
func (a *App) Ingest(attempts int) (*dos.Ingest, error) {
	options := dos.IngestOptions{URL: a.Settings.DoSFHIRURL, ProductID: a.Settings.DoSFHIRProductID}
	options.Limits.Attempts, options.Limits.PerSecond, options.Limits.Cooldown = attempts, a.Settings.DoSFHIRPerSecond, a.cooldown()
	options.Limits.Opened = a.BreakerOpened
	if a.Settings.DoSFHIRTokenURL != "" {
		tokens, err := a.Settings.IngestTokens()
		if err != nil {
			return nil, err
		}
		options.Tokens = tokens
	}
	return dos.NewIngest(options)
}

// Routes returns the routes of the sinks.
func (sinks Sinks) Routes() push.Routes {
	all := make(push.Routes, len(sinks))
	for name, sink := range sinks {
		all[name] = make(map[profile.OrgType]push.Route)
		for _, t := range profile.OrgTypes() {
			if route, ok := sink.Route(t); ok {
				all[name][t] = route
			}
		}
	}
	return all
}

// Pushers wires a pusher for each configured sink, in a fixed order.
func (a *App) Pushers(
	store pushjobs.PushStore, sinks Sinks, log *slog.Logger, pushed func(push.Sink, push.Outcome),
) (all []*pushjobs.Pusher) {
	for _, name := range push.Sinks() {
		if sink, ok := sinks[name]; ok {
			all = append(all, pushjobs.NewPusher(pushjobs.PusherOptions{
				Name: name, Sink: sink, Store: store, Today: a.Today, ProbeEvery: a.Settings.ProbeEvery,
				Backoff: a.Settings.PushBackoff, Log: log, Pushed: pushed,
			}))
		}
	}
	return all
}

// Checkers wires a drift checker for each configured sink, in a fixed order.
func (a *App) Checkers(sinks Sinks, progress func(checked int)) (all []pushjobs.DriftChecker) {
	for _, name := range push.Sinks() {
		if sink, ok := sinks[name]; ok {
			all = append(all, pushjobs.DriftChecker{
				Name: name, Directory: sink, Begin: a.beginDrift, Guard: runs.DefaultGuard(), Progress: progress,
			})
		}
	}
	return all
}

func (a *App) beginDrift(ctx context.Context, sink push.Sink, codes []profile.ODSCode, actor string) (pushjobs.DriftCheck, error) {
	check, err := a.Store.Pushes.BeginDrift(ctx, sink, codes, actor, a.Today())
	if err != nil {
		return nil, err
	}
	return check, nil
}
