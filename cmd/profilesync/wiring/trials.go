package wiring

import (
	"context"
	"fmt"
	"slices"

	"github.com/profilesync/profilesync/connectors/dos"
	"github.com/profilesync/profilesync/connectors/ers"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/connectors/website"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// This file tries what the settings say of outside systems. Each trial sends one or two
// requests, once each, and changes nothing anywhere.

// once is how often a trial sends a request: a person waits for it.
const once = 1

// noOrganisation is a code of the form of a pharmacy's that no organisation has.
const noOrganisation = profile.ODSCode("FZZZZ")

// TryDownloads asks for the first of the listings that are pulled.
func (a *App) TryDownloads(ctx context.Context) error {
	downloads, err := a.downloadsTrying(once)
	if err != nil {
		return err
	}
	return downloads.Try(ctx, a.Settings.ODSReports[0])
}

// TryRegister has the API of the register count the active organisations.
func (a *App) TryRegister(ctx context.Context) error {
	api, err := a.odsAPITrying(once)
	if err != nil {
		return err
	}
	return api.Try(ctx)
}

// TryERS signs in to e-RS with each application in turn and reads a code system. It
// takes its turns among all processes if the database is open.
func (a *App) TryERS(ctx context.Context) error {
	credentials, err := a.Settings.ERSApplications()
	if err != nil {
		return err
	}
	for _, c := range credentials {
		options := ers.Options{URL: a.Settings.ERSURL, Credentials: []ers.Credential{c}}
		options.Limits.Attempts = once
		if a.Store != nil {
			options.Turn = func(ctx context.Context, name string) error { return a.Store.Turn(ctx, name, a.Settings.ERSPerSecond) }
		}
		api, err := ers.New(options)
		if err != nil {
			return err
		}
		if _, err := api.CodeSystem(ctx, ers.Specialties); err != nil {
			return fmt.Errorf("application %s: %w", c.Name, err)
		}
	}
	return nil
}

func (a *App) dosOnce() (*dos.Sink, error) {
	options := a.dosOptions()
	options.Events.Limits.Attempts, options.Read.Limits.Attempts = once, once
	return dos.New(options)
}

// TryDoSEvents sends DoS what it refuses once it has looked at the key.
func (a *App) TryDoSEvents(ctx context.Context) error {
	sink, err := a.dosOnce()
	if err != nil {
		return err
	}
	return sink.TryEvents(ctx)
}

// TryDoSReading reads a pharmacy that does not exist.
func (a *App) TryDoSReading(ctx context.Context) error {
	sink, err := a.dosOnce()
	if err != nil {
		return err
	}
	_, err = sink.Show(ctx, noOrganisation, profile.Pharmacy)
	return err
}

// TryDoSIngest signs in, where that is needed, and looks for a practice that does not
// exist.
func (a *App) TryDoSIngest(ctx context.Context) error {
	ingest, err := a.ingest(once)
	if err != nil {
		return err
	}
	_, err = ingest.Show(ctx, noOrganisation)
	return err
}

// TryWebsite reads a profile, through its search, too, if there is one. Where the
// database is open, it is one that the website has shown before: an address that is
// wrong says of every profile that there is none.
func (a *App) TryWebsite(ctx context.Context) error {
	options := a.websiteOptions()
	options.Limits.Attempts = once
	sink, err := website.New(options)
	if err != nil {
		return err
	}
	code := a.shownOnWebsite(ctx)
	shown, err := sink.Show(ctx, code, profile.Pharmacy)
	if err != nil {
		return err
	}
	if code != noOrganisation && !shown.Found() {
		return fmt.Errorf("it answers, and does not show %s, which it did before", code)
	}
	if options.SearchURL == "" {
		return nil
	}
	_, err = sink.ShowMany(ctx, []profile.ODSCode{code}, profile.Pharmacy)
	return err
}

// shownOnWebsite is a profile that the website has shown, one of those that changed
// last; noOrganisation where none is known.
func (a *App) shownOnWebsite(ctx context.Context) profile.ODSCode {
	if a.Store == nil {
		return noOrganisation
	}
	filter := pushstore.PushFilter{Sink: push.SinkWebsite, State: push.Accepted, Most: 20}
	pushes, err := a.Store.Pushes.Pushes(ctx, filter)
	i := slices.IndexFunc(pushes, func(p pushstore.ListedPush) bool { return !p.Seen.IsZero() })
	if err != nil || i < 0 { // another trial says what is wrong with the database
		return noOrganisation
	}
	return pushes[i].Code
}

// TryNotify asks GOV.UK Notify for a letter that was never sent.
func (a *App) TryNotify(ctx context.Context) error {
	client, err := a.notify()
	if err != nil {
		return err
	}
	_, _, err = client.Find(ctx, "profilesync/check")
	return err
}

// TryRelay connects to the mail relay, signs in and takes its leave.
func (a *App) TryRelay(ctx context.Context) error {
	relay, err := a.relay()
	if err != nil {
		return err
	}
	return relay.Try(ctx)
}

// ReadsDoS reports whether DoS can be read back for pharmacies.
func (a *App) ReadsDoS() bool { return a.Settings.DoSURL != "" && a.Settings.DoSReadURL != "" }
