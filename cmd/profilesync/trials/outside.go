package trials

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/push"
)

// system is an outside system, and what is done to see whether it answers us.
type system struct {
	name    string
	set     bool
	unset   string // what it means that it is not configured
	try     func(context.Context) error
	works   string // what a success shows
	address string // the setting of its address
	key     string // the settings of what it knows us by; empty: it asks for nothing
	// afterDatabase waits until the database is open: it knows what to ask for, or how
	// often.
	afterDatabase bool
}

// systems are the outside systems, in the order of the report.
func (t *trier) systems() []system {
	s := t.App.Settings
	return []system{
		{
			name: "register downloads", set: len(s.ODSReports) > 0, unset: "no listings are pulled (PROFILESYNC_ODS_REPORTS)",
			try: t.tryDownloads, works: "offers its listings", address: "ODS_DOWNLOADS_URL",
		},
		{
			name: "register API", set: s.ODSAPIKey != "", unset: "no changes are pulled between listings (PROFILESYNC_ODS_API_KEY)",
			try: t.tryRegister, works: "counted its organisations for us", address: "ODS_API_URL", key: "ODS_API_KEY",
		},
		{
			name: "e-RS", set: s.AsksERS(), unset: "e-RS is not asked (PROFILESYNC_ERS_CREDENTIALS)",
			try: t.tryERS, works: "showed each application a code system", address: "ERS_URL", key: "ERS_CREDENTIALS", afterDatabase: true,
		},
		{
			name: "DoS change events", set: s.DoSURL != "", unset: "pharmacies are not pushed to DoS (PROFILESYNC_DOS_URL)",
			try: t.tryDoSEvents, works: "takes our key; it was sent an event that it refuses, and keeps none",
			address: "DOS_URL", key: "DOS_API_KEY",
		},
		{
			name: "DoS reading", set: t.readsDoS(), unset: "DoS is not read back (PROFILESYNC_DOS_READ_URL)",
			try: t.tryDoSReading, works: "answers a reading", address: "DOS_READ_URL", key: "DOS_READ_USER and PROFILESYNC_DOS_READ_PASSWORD",
		},
		{
			name: "DoS ingest", set: s.DoSFHIRURL != "", unset: "GP practices are not pushed to DoS (PROFILESYNC_DOS_FHIR_URL)",
			try: t.tryDoSIngest, works: "answers a search", address: "DOS_FHIR_URL",
			key: "DOS_FHIR_CLIENT_ID, PROFILESYNC_DOS_FHIR_KEY_ID and PROFILESYNC_DOS_FHIR_PRIVATE_KEY",
		},
		{
			name: "website", set: s.WebsiteURL != "", unset: "nothing is pushed to the website (PROFILESYNC_WEBSITE_URL)",
			try: t.tryWebsite, works: "answers a reading", address: "WEBSITE_URL", key: "WEBSITE_API_KEY", afterDatabase: true,
		},
		t.mail(),
	}
}

// mail is the configured mail service.
func (t *trier) mail() system {
	m := system{name: "mail", set: true}
	switch t.App.Settings.Mail {
	case settings.MailSMTP:
		m.try, m.works, m.address, m.key = t.tryRelay, "takes our connection; nothing was sent", "SMTP_HOST",
			"SMTP_USER and PROFILESYNC_SMTP_PASSWORD"
	case settings.MailNotify:
		m.try, m.works, m.address, m.key = t.tryNotify, "answers a question about a letter that never was", "NOTIFY_URL", "NOTIFY_KEY"
	case settings.MailDirectory:
		m.try, m.works, m.address = t.writable, "letters are written to files", "MAIL_DIRECTORY"
	default:
		m.set, m.unset = false, "no letters are sent (PROFILESYNC_MAIL)"
	}
	return m
}

// try makes the trial of one system.
func (t *trier) try(ctx context.Context, s system) Trial {
	if !s.set {
		return Trial{Name: s.name, Result: NotSet, Detail: s.unset}
	}
	if s.afterDatabase {
		select {
		case <-t.connected:
		case <-ctx.Done():
		}
	}
	err := t.within(ctx, s.try)
	if err == nil {
		return Trial{Name: s.name, Result: OK, Detail: s.works}
	}
	return Trial{Name: s.name, Result: Failed, Detail: err.Error(), Todo: s.todo(err)}
}

// todo is what to do after an error of a system.
func (s system) todo(err error) string {
	if s.key != "" && refusesUs(err) {
		return "put what it knows us by into PROFILESYNC_" + s.key + ", or ask it to let us in"
	}
	return fmt.Sprintf("check PROFILESYNC_%s, and the way there: network, proxy, allow-list", s.address)
}

// refusesUs reports whether the system answered, and does not know us.
func refusesUs(err error) bool {
	var u interface{ Unauthorized() bool }
	if errors.As(err, &u) && u.Unauthorized() {
		return true
	}
	if e, ok := errors.AsType[*push.SinkError](err); ok {
		return e.Answer == push.AnswerUnauthorized
	}
	e, ok := errors.AsType[*people.MailError](err)
	return ok && e.Answer == people.MailAlert && e.Status != 0
}

// writable fails if letters cannot be written to their folder, or it cannot be made.
func (t *trier) writable(context.Context) error {
	folder, err := existing(t.App.Settings.MailDirectory)
	if err != nil {
		return err
	}
	if err := unix.Access(folder, unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("folder %s: %w", folder, err)
	}
	return nil
}

// existing is the folder, or the nearest above it that exists.
func existing(folder string) (string, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "", fmt.Errorf("folder %s: %w", folder, err)
	}
	for {
		if _, err := os.Stat(folder); err == nil || folder == filepath.Dir(folder) {
			return folder, nil
		}
		folder = filepath.Dir(folder)
	}
}
