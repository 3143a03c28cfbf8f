package trials

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

// Each trial sends one or two requests, once each.

// once is how often a trial sends a request: a person waits for it.
const once = 1

// noOrganisation is a code of the form of a pharmacy's that no organisation has.
const noOrganisation = profile.ODSCode("FZZZZ")

// tryDownloads asks for the first of the listings that are pulled.
func (t *trier) tryDownloads(ctx context.Context) error {
	downloads, err := t.App.DownloadsTrying(once)
	if err != nil {
		return err
	}
	return downloads.Try(ctx, t.App.Settings.ODSReports[0])
}

// tryRegister has the API of the register count the active organisations.
func (t *trier) tryRegister(ctx context.Context) error {
	api, err := t.App.ODSAPITrying(once)
	if err != nil {
		return err
	}
	return api.Try(ctx)
}

// tryERS signs in to e-RS with each application in turn and reads a code system. It
// takes its turns among all processes if the database is open.
func (t *trier) tryERS(ctx context.Context) error {
	credentials, err := t.App.Settings.ERSApplications()
	if err != nil {
		return err
	}
	for _, c := range credentials {
		options := ers.Options{URL: t.App.Settings.ERSURL, Credentials: []ers.Credential{c}}
		options.Limits.Attempts = once
		if t.App.Store != nil {
			options.Turn = func(ctx context.Context, name string) error {
				return t.App.Store.Turn(ctx, name, t.App.Settings.ERSPerSecond)
			}
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

func (t *trier) dosOnce() (*dos.Sink, error) {
	options := t.App.DoSOptions()
	options.Events.Limits.Attempts, options.Read.Limits.Attempts = once, once
	return dos.New(options)
}

// tryDoSEvents sends DoS what it refuses once it has looked at the key.
func (t *trier) tryDoSEvents(ctx context.Context) error {
	sink, err := t.dosOnce()
	if err != nil {
		return err
	}
	return sink.TryEvents(ctx)
}

// tryDoSReading reads a pharmacy that does not exist.
func (t *trier) tryDoSReading(ctx context.Context) error {
	sink, err := t.dosOnce()
	if err != nil {
		return err
	}
	_, err = sink.Show(ctx, noOrganisation, profile.Pharmacy)
	return err
}

// tryDoSIngest signs in, where that is needed, and looks for a practice that does not
// exist.
func (t *trier) tryDoSIngest(ctx context.Context) error {
	ingest, err := t.App.Ingest(once)
	if err != nil {
		return err
	}
	_, err = ingest.Show(ctx, noOrganisation)
	return err
}

// tryWebsite reads a profile, through its search, too, if there is one. Where the
// database is open, it is one that the website has shown before: an address that is
// wrong says of every profile that there is none.
func (t *trier) tryWebsite(ctx context.Context) error {
	options := t.App.WebsiteOptions()
	options.Limits.Attempts = once
	sink, err := website.New(options)
	if err != nil {
		return err
	}
	code := t.shownOnWebsite(ctx)
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
func (t *trier) shownOnWebsite(ctx context.Context) profile.ODSCode {
	if t.App.Store == nil {
		return noOrganisation
	}
	filter := pushstore.PushFilter{Sink: push.SinkWebsite, State: push.Accepted, Most: 20}
	pushes, err := t.App.Store.Pushes.Pushes(ctx, filter)
	i := slices.IndexFunc(pushes, func(p pushstore.ListedPush) bool { return !p.Seen.IsZero() })
	if err != nil || i < 0 { // another trial says what is wrong with the database
		return noOrganisation
	}
	return pushes[i].Code
}

// tryNotify asks GOV.UK Notify for a letter that was never sent.
func (t *trier) tryNotify(ctx context.Context) error {
	client, err := t.App.Notify()
	if err != nil {
		return err
	}
	_, _, err = client.Find(ctx, "profilesync/check")
	return err
}

// tryRelay connects to the mail relay, signs in and takes its leave.
func (t *trier) tryRelay(ctx context.Context) error {
	relay, err := t.App.Relay()
	if err != nil {
		return err
	}
	return relay.Try(ctx)
}

// readsDoS reports whether DoS can be read back for pharmacies.
func (t *trier) readsDoS() bool {
	return t.App.Settings.DoSURL != "" && t.App.Settings.DoSReadURL != ""
}
