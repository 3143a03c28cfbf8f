package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"github.com/profilesync/profilesync/connectors/dos"
	"github.com/profilesync/profilesync/connectors/website"
	"github.com/profilesync/profilesync/jobs"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// directory is a configured sink: pushed to, and looked at.
type directory interface {
	jobs.Sink
	jobs.Directory
}

// sinks are the configured ones. A sink without an address has none: its pushes
// begin when it gets one.
func (a *app) sinks() (map[push.Sink]directory, error) {
	configured := make(map[push.Sink]directory)
	if a.config.DoSURL != "" || a.config.DoSFHIRURL != "" {
		sink, err := a.dos()
		if err != nil {
			return nil, err
		}
		configured[push.SinkDoS] = sink
	}
	if a.config.WebsiteURL != "" {
		sink, err := website.New(website.Options{
			URL: a.config.WebsiteURL, Key: rotating("WEBSITE_API_KEY"), SearchURL: a.config.WebsiteSearchURL,
			Limits: website.Limits{PerSecond: a.config.WebsitePerSecond, Cooldown: a.config.ProbeEvery / 2},
		})
		if err != nil {
			return nil, fmt.Errorf("settings: %w", err)
		}
		configured[push.SinkWebsite] = sink
	}
	return configured, nil
}

func (a *app) dos() (*dos.Sink, error) {
	options := dos.Options{
		Events: dos.EventOptions{
			URL: a.config.DoSURL, Key: rotating("DOS_API_KEY"),
			Limits: dos.Limits{PerSecond: a.config.DoSPerSecond, Cooldown: a.config.ProbeEvery / 2},
		},
		Read: dos.ReadOptions{
			URL: a.config.DoSReadURL, User: a.config.DoSReadUser, Password: rotating("DOS_READ_PASSWORD"),
			Limits: dos.Limits{PerSecond: a.config.DoSReadPerSecond, Cooldown: a.config.ProbeEvery / 2},
		},
	}
	if a.config.DoSFHIRURL != "" {
		ingest, err := a.ingest()
		if err != nil {
			return nil, fmt.Errorf("settings of the DoS ingest: %w", err)
		}
		options.Ingest = ingest
	}
	sink, err := dos.New(options)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	return sink, nil
}

func (a *app) ingest() (*dos.Ingest, error) {
	options := dos.IngestOptions{
		URL: a.config.DoSFHIRURL, ProductID: a.config.DoSFHIRProductID,
		Limits: dos.Limits{PerSecond: a.config.DoSFHIRPerSecond, Cooldown: a.config.ProbeEvery / 2},
	}
	if a.config.DoSFHIRTokenURL != "" {
		tokens, err := dos.Application{
			TokenURL: a.config.DoSFHIRTokenURL, ClientID: a.config.DoSFHIRClientID, KeyID: a.config.DoSFHIRKeyID,
			PrivateKey: a.config.DoSFHIRPrivateKey.reveal(),
		}.Tokens()
		if err != nil {
			return nil, err
		}
		options.Tokens = tokens
	}
	return dos.NewIngest(options)
}

// rotating reads a secret whenever it is needed, so that a file that is changed
// is seen without a restart.
func rotating(name string) func() (string, error) {
	return func() (string, error) {
		value, _ := envOrFile{}.Lookup("PROFILESYNC_" + name)
		if value == "" {
			return "", fmt.Errorf("setting PROFILESYNC_%s (or _FILE) is missing", name)
		}
		return value, nil
	}
}

// routes are those of the configured sinks.
func routes(sinks map[push.Sink]directory) push.Routes {
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

// pushers wires one for each configured sink, in a fixed order.
func (a *app) pushers(
	store jobs.PushStore, sinks map[push.Sink]directory, log *slog.Logger, pushed func(push.Sink, push.Outcome),
) (all []*jobs.Pusher) {
	for _, name := range push.Sinks() {
		if sink, ok := sinks[name]; ok {
			all = append(all, jobs.NewPusher(jobs.PusherOptions{
				Name: name, Sink: sink, Store: store, Today: a.today, ProbeEvery: a.config.ProbeEvery,
				Backoff: a.config.PushBackoff, Log: log, Pushed: pushed,
			}))
		}
	}
	return all
}

// checkers wires one for each configured sink, in a fixed order.
func (a *app) checkers(sinks map[push.Sink]directory, progress func(checked int)) (all []jobs.DriftChecker) {
	for _, name := range push.Sinks() {
		if sink, ok := sinks[name]; ok {
			all = append(all, jobs.DriftChecker{
				Name: name, Directory: sink, Begin: a.beginDrift, Guard: runs.DefaultGuard(), Progress: progress,
			})
		}
	}
	return all
}

func (a *app) beginDrift(ctx context.Context, sink push.Sink, codes []profile.ODSCode, actor string) (jobs.DriftCheck, error) {
	check, err := a.store.BeginDrift(ctx, sink, codes, actor, a.today())
	if err != nil {
		return nil, err
	}
	return check, nil
}

// checkSinks refuses settings that would only fail at the first push.
func (c *config) checkSinks() error {
	var errs []error
	for name, address := range map[string]string{
		"DOS_URL": c.DoSURL, "DOS_READ_URL": c.DoSReadURL, "DOS_FHIR_URL": c.DoSFHIRURL, "DOS_FHIR_TOKEN_URL": c.DoSFHIRTokenURL,
		"WEBSITE_URL": c.WebsiteURL, "WEBSITE_SEARCH_URL": c.WebsiteSearchURL,
	} {
		if u, err := url.Parse(address); address != "" && (err != nil || u.Host == "") {
			errs = append(errs, fmt.Errorf("setting PROFILESYNC_%s: want an address like https://host/path", name))
		}
	}
	needs := func(name string, have, wanted bool) {
		if wanted && !have {
			errs = append(errs, fmt.Errorf("setting PROFILESYNC_%s (or _FILE) is missing: the sink's address is set", name))
		}
	}
	needs("DOS_API_KEY", c.DoSAPIKey != "", c.DoSURL != "")
	needs("DOS_READ_USER", c.DoSReadUser != "", c.DoSReadURL != "")
	needs("DOS_READ_PASSWORD", c.DoSReadPassword != "", c.DoSReadURL != "")
	needs("DOS_FHIR_CLIENT_ID", c.DoSFHIRClientID != "", c.DoSFHIRTokenURL != "")
	needs("DOS_FHIR_KEY_ID", c.DoSFHIRKeyID != "", c.DoSFHIRTokenURL != "")
	needs("DOS_FHIR_PRIVATE_KEY", c.DoSFHIRPrivateKey != "", c.DoSFHIRTokenURL != "")
	needs("WEBSITE_API_KEY", c.WebsiteAPIKey != "", c.WebsiteURL != "")
	for name, value := range map[string]float64{
		"DOS_REQUESTS_PER_SECOND": c.DoSPerSecond, "DOS_READ_REQUESTS_PER_SECOND": c.DoSReadPerSecond,
		"DOS_FHIR_REQUESTS_PER_SECOND": c.DoSFHIRPerSecond,
		"WEBSITE_REQUESTS_PER_SECOND":  c.WebsitePerSecond, "PUSH_WORKERS": float64(c.PushWorkers), "PROBE_EVERY": c.ProbeEvery.Seconds(),
		"PUSH_BACKOFF": c.PushBackoff.Seconds(),
	} {
		if value <= 0 {
			errs = append(errs, fmt.Errorf("setting PROFILESYNC_%s=%g: want more than 0", name, value))
		}
	}
	if c.PushSettle < 0 {
		errs = append(errs, fmt.Errorf("setting PROFILESYNC_PUSH_SETTLE=%s: want 0 or more", c.PushSettle))
	}
	return errors.Join(errs...)
}
