package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/sethvargo/go-envconfig"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// config is every setting. All come from the environment, with the prefix
// PROFILESYNC_; any NAME may be given as NAME_FILE instead, a file that holds
// the value. A wrong setting stops the program before it does anything.
type config struct {
	// Mode is production, demo or test. Only demo and test honour Now.
	Mode string `env:"MODE, default=production"`
	// Now is the instant to play instead of the real one (RFC 3339).
	Now string `env:"NOW"`
	// DatabaseURL names the database; without it a private cluster is started.
	DatabaseURL secret `env:"DATABASE_URL"`
	// LocalDir is where the private cluster lives.
	LocalDir string `env:"LOCAL_DIR, default=.local"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `env:"LOG_LEVEL, default=info"`
	// Types are the kinds of organisation that have profiles.
	Types []string `env:"TYPES, default=pharmacy,gp-practice,gp-branch,dental-practice,optical-site,trust,trust-site"`

	// HTTPAddress is where health and metrics are served.
	HTTPAddress string `env:"HTTP_ADDRESS, default=127.0.0.1:8383"`
	// ODSDownloads is the CSV download service, ODSAPI the FHIR R4 API.
	ODSDownloads string `env:"ODS_DOWNLOADS_URL, default=https://www.odsdatasearchandexport.nhs.uk"`
	ODSAPI       string `env:"ODS_API_URL, default=https://api.service.nhs.uk/organisation-data-terminology-api/fhir"`
	// ODSAPIKey is the key of the ODS API; without it no deltas are pulled.
	ODSAPIKey secret `env:"ODS_API_KEY"`
	// ODSPerSecond is how many requests a second each of them gets at most.
	ODSPerSecond float64 `env:"ODS_REQUESTS_PER_SECOND, default=5"`
	// ODSReports are the listings that are pulled every night.
	ODSReports []string `env:"ODS_REPORTS, default=edispensary,epraccur,ebranchs,egdpprac,eoptsite,etr,ets"`

	// DoSURL is where change events of pharmacies go; without it, and without
	// DoSFHIRURL, nothing is pushed to DoS.
	DoSURL string `env:"DOS_URL"`
	// DoSAPIKey is the key of the change events.
	DoSAPIKey secret `env:"DOS_API_KEY"`
	// DoSReadURL is where DoS is read back (byOdsCode); without it pharmacies with
	// sections that nobody ever stated cannot be pushed.
	DoSReadURL      string `env:"DOS_READ_URL"`
	DoSReadUser     string `env:"DOS_READ_USER"`
	DoSReadPassword secret `env:"DOS_READ_PASSWORD"`
	// DoSPerSecond is how many change events DoS gets a second, DoSReadPerSecond
	// how often it is read: crawling is discouraged there.
	DoSPerSecond     float64 `env:"DOS_REQUESTS_PER_SECOND, default=40"`
	DoSReadPerSecond float64 `env:"DOS_READ_REQUESTS_PER_SECOND, default=5"`
	// DoSFHIRURL is the FHIR R4 ingest for GP practices, up to and with /FHIR/R4.
	DoSFHIRURL string `env:"DOS_FHIR_URL"`
	// DoSFHIRTokenURL, ClientID, KeyID and PrivateKey (PEM) get its tokens; the
	// sandbox wants none.
	DoSFHIRTokenURL   string  `env:"DOS_FHIR_TOKEN_URL"`
	DoSFHIRClientID   string  `env:"DOS_FHIR_CLIENT_ID"`
	DoSFHIRKeyID      string  `env:"DOS_FHIR_KEY_ID"`
	DoSFHIRPrivateKey secret  `env:"DOS_FHIR_PRIVATE_KEY"`
	DoSFHIRProductID  string  `env:"DOS_FHIR_PRODUCT_ID"`
	DoSFHIRPerSecond  float64 `env:"DOS_FHIR_REQUESTS_PER_SECOND, default=4"`
	// WebsiteURL is where profiles are put on the public website; without it
	// nothing is pushed there.
	WebsiteURL    string `env:"WEBSITE_URL"`
	WebsiteAPIKey secret `env:"WEBSITE_API_KEY"`
	// WebsiteSearchURL is Service Search v3, which shows many profiles at a time.
	WebsiteSearchURL string  `env:"WEBSITE_SEARCH_URL"`
	WebsitePerSecond float64 `env:"WEBSITE_REQUESTS_PER_SECOND, default=80"`
	// PushSettle is how long an edit waits for the next one, so that an editing
	// session makes one push; closures of today never wait.
	PushSettle time.Duration `env:"PUSH_SETTLE, default=10s"`
	// PushWorkers is how many pushes each sink gets at a time.
	PushWorkers int `env:"PUSH_WORKERS, default=16"`
	// PushBackoff is how long a push that failed waits before the next try, doubled
	// each time up to five minutes.
	PushBackoff time.Duration `env:"PUSH_BACKOFF, default=1s"`
	// ProbeEvery is how often a paused sink gets one push, to see whether it works
	// again.
	ProbeEvery time.Duration `env:"PROBE_EVERY, default=30s"`

	// ERSURL is the e-Referral Service API, up to and with /referrals/FHIR; the
	// sandbox's has /FHIR.
	ERSURL string `env:"ERS_URL, default=https://api.service.nhs.uk/referrals/FHIR"`
	// ERSAuth is jwt, or none for the sandbox.
	ERSAuth string `env:"ERS_AUTH, default=jwt"`
	// ERSTokenURL is where tokens for it are given.
	ERSTokenURL string `env:"ERS_TOKEN_URL, default=https://api.service.nhs.uk/oauth2/token"`
	// ERSCredentials are the applications we registered, one an organisation, each
	// a JSON object: name, client_id, key_id, private_key (PEM). Without them, and
	// with ERSAuth jwt, e-RS is not asked.
	ERSCredentials secret `env:"ERS_CREDENTIALS"`
	// ERSPerSecond is how many requests a second each of them gets, over all
	// processes and machines.
	ERSPerSecond float64 `env:"ERS_REQUESTS_PER_SECOND, default=10"`
	// ERSExtract is where the newest EBSX05 extract lies; the daemon imports it
	// every day. Without it people import it.
	ERSExtract string `env:"ERS_EXTRACT"`
	// ERSColumns says under which header of the EBSX05 extract each fact stands, as
	// a JSON object: ID, Site, Name, Provider, Specialty and so on; - for none.
	ERSColumns string `env:"ERS_COLUMNS"`

	// CalendarURL is the official list of bank holidays.
	CalendarURL string `env:"CALENDAR_URL, default=https://www.gov.uk/bank-holidays.json"`
	// CheckRules change which sections of which organisations are to be checked, and
	// how often.
	CheckRules string `env:"CHECK_RULES"`
	// IdleMember, IdleLead and IdleAdministrator are after how many days without any
	// activity an account ends, IdleInvitation one that nobody accepted.
	IdleMember        int `env:"IDLE_MEMBER_DAYS, default=190"`
	IdleLead          int `env:"IDLE_LEAD_DAYS, default=90"`
	IdleAdministrator int `env:"IDLE_ADMINISTRATOR_DAYS, default=90"`
	IdleInvitation    int `env:"IDLE_INVITATION_DAYS, default=28"`
	// SignInURL is where people sign in; letters say so.
	SignInURL string `env:"SIGN_IN_URL, default=https://www.profilemanager.example/sign-in"`
	// ServiceDesk says how people reach whoever reactivates accounts.
	ServiceDesk string `env:"SERVICE_DESK, default=the service desk of your integrated care board"`
	// Lists are the mailing lists of boards, a JSON object: ODS code of the ICB to
	// address, and national, which gets everything.
	Lists secret `env:"LISTS"`

	// ReportDirectory is where reports are written, ReportURL where people reach
	// this daemon's listener.
	ReportDirectory string `env:"REPORT_DIRECTORY"`
	ReportURL       string `env:"REPORT_URL, default=http://127.0.0.1:8383"`

	// Mail is off, directory, smtp or notify.
	Mail string `env:"MAIL, default=off"`
	// MailDirectory is where Mail=directory collects messages.
	MailDirectory string `env:"MAIL_DIRECTORY, default=.local/mail"`
	// MailPerDay is how many letters one person gets a day at most, MailPerSecond
	// how many leave in a second.
	MailPerDay    int     `env:"MAIL_PER_DAY, default=3"`
	MailPerSecond float64 `env:"MAIL_PER_SECOND, default=40"`
	// MailCanaryPause is how long the others wait after the first letters of a new
	// version of a text.
	MailCanaryPause time.Duration `env:"MAIL_CANARY_PAUSE, default=30m"`
	// MailSettle is how long after an unclear answer the mail service is asked.
	MailSettle time.Duration `env:"MAIL_SETTLE, default=1m"`
	// MailFrom is the sender of SMTP messages.
	MailFrom string `env:"MAIL_FROM, default=no-reply@profilesync.example"`
	// NotifyURL is GOV.UK Notify, NotifyKey its API key, NotifyTemplates a JSON
	// object from the name of a text to the id of its template there.
	NotifyURL       string `env:"NOTIFY_URL, default=https://api.notifications.service.gov.uk"`
	NotifyKey       secret `env:"NOTIFY_KEY"`
	NotifyTemplates string `env:"NOTIFY_TEMPLATES"`
	// NotifyCallbackToken is the bearer token of delivery receipts, which are taken
	// at /notify/receipts; without it the service is only asked.
	NotifyCallbackToken secret `env:"NOTIFY_CALLBACK_TOKEN"`
	// SMTPHost is the relay; SMTPTLS is starttls, implicit, or none for loopback.
	SMTPHost     string `env:"SMTP_HOST"`
	SMTPPort     int    `env:"SMTP_PORT"`
	SMTPTLS      string `env:"SMTP_TLS, default=starttls"`
	SMTPUser     string `env:"SMTP_USER"`
	SMTPPassword secret `env:"SMTP_PASSWORD"`

	kept []profile.OrgType
	now  time.Time
}

// secrets are the settings that nobody else may read.
var secrets = []string{
	"PROFILESYNC_DATABASE_URL", "PROFILESYNC_ODS_API_KEY", "PROFILESYNC_DOS_API_KEY", "PROFILESYNC_DOS_READ_PASSWORD",
	"PROFILESYNC_DOS_FHIR_PRIVATE_KEY", "PROFILESYNC_WEBSITE_API_KEY", "PROFILESYNC_ERS_CREDENTIALS",
	"PROFILESYNC_LISTS", "PROFILESYNC_NOTIFY_KEY", "PROFILESYNC_NOTIFY_CALLBACK_TOKEN", "PROFILESYNC_SMTP_PASSWORD",
}

// secret is a value that prints as nothing: secrets are masked by type, not by
// care.
type secret string

func (secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[secret]")) }
func (s secret) reveal() string           { return string(s) }

func loadConfig(ctx context.Context) (config, error) {
	var c config
	err := envconfig.ProcessWith(ctx, &envconfig.Config{
		Target: &c, Lookuper: envconfig.PrefixLookuper("PROFILESYNC_", envOrFile{}),
	})
	if err != nil {
		return c, fmt.Errorf("settings: %w", err)
	}
	return c, c.check()
}

// envOrFile looks a setting up in the environment, or in the file that
// NAME_FILE names.
type envOrFile struct{}

func (envOrFile) Lookup(name string) (string, bool) {
	if value, ok := os.LookupEnv(name); ok {
		return value, true
	}
	path, ok := os.LookupEnv(name + "_FILE")
	if !ok {
		return "", false
	}
	value, err := os.ReadFile(path)
	if err != nil {
		return "", false
	}
	return strings.TrimSpace(string(value)), true
}

func (c *config) check() error {
	_, level := parseLevel(c.LogLevel)
	return errors.Join(c.checkFiles(), c.checkMode(), level, c.checkTypes(), c.checkODS(), c.checkSinks(), c.checkERS(),
		c.checkPeople())
}

// checkFiles refuses a NAME_FILE that cannot be read: its setting must not
// silently become the default. Nor may everybody on the machine read a secret.
func (c *config) checkFiles() error {
	var errs []error
	for _, entry := range os.Environ() {
		name, path, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "PROFILESYNC_") || !strings.HasSuffix(name, "_FILE") {
			continue
		}
		file, err := os.Stat(path)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("setting %s=%s: %w", name, path, err))
		case file.Mode().Perm()&0o004 != 0 && slices.Contains(secrets, strings.TrimSuffix(name, "_FILE")):
			errs = append(errs, fmt.Errorf("setting %s=%s: everybody on this machine can read it; chmod o-r it", name, path))
		}
	}
	return errors.Join(errs...)
}

func (c *config) checkMode() (err error) {
	switch c.Mode {
	case "production", "demo", "test":
	default:
		return fmt.Errorf("setting PROFILESYNC_MODE=%s: want production, demo or test", c.Mode)
	}
	if c.Now == "" {
		return nil
	}
	if c.Mode == "production" {
		return fmt.Errorf("setting PROFILESYNC_NOW=%s: only PROFILESYNC_MODE=demo or test may play another time", c.Now)
	}
	if c.now, err = time.Parse(time.RFC3339, c.Now); err != nil {
		return fmt.Errorf("setting PROFILESYNC_NOW=%s: want an instant like 2026-11-22T09:00:00Z", c.Now)
	}
	return nil
}

func (c *config) checkTypes() error {
	for _, name := range c.Types {
		t, err := profile.ParseOrgType(strings.TrimSpace(name))
		if err != nil {
			return fmt.Errorf("setting PROFILESYNC_TYPES: %w", err)
		}
		c.kept = append(c.kept, t)
	}
	return nil
}

// clock returns the present, or the instant that is played.
func (c *config) clock() time.Time {
	if c.now.IsZero() {
		return time.Now()
	}
	return c.now
}

func (c *config) checkODS() error {
	var errs []error
	for i, report := range c.ODSReports {
		c.ODSReports[i] = strings.TrimSpace(report)
		if _, err := ods.Types(c.ODSReports[i]); err != nil {
			errs = append(errs, fmt.Errorf("setting PROFILESYNC_ODS_REPORTS: %w", err))
		}
	}
	for name, address := range map[string]string{"ODS_DOWNLOADS_URL": c.ODSDownloads, "ODS_API_URL": c.ODSAPI} {
		if u, err := url.Parse(address); err != nil || u.Host == "" {
			errs = append(errs, fmt.Errorf("setting PROFILESYNC_%s=%s: want an address like https://host/path", name, address))
		}
	}
	if c.ODSPerSecond <= 0 {
		errs = append(errs, fmt.Errorf("setting PROFILESYNC_ODS_REQUESTS_PER_SECOND=%g: want more than 0", c.ODSPerSecond))
	}
	return errors.Join(errs...)
}
