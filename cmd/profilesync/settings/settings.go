package settings

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sethvargo/go-envconfig"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Settings is every setting. All come from the environment, with the prefix
// PROFILESYNC_; any NAME may be given as NAME_FILE instead, a file that holds
// the value. A wrong setting stops the program before it does anything.
type Settings struct {
	// Mode is production, demo or test. Only demo and test honour Now.
	Mode string `env:"MODE, default=production"`
	// Now is the instant to play instead of the real one (RFC 3339).
	Now string `env:"NOW"`
	// DatabaseURL names the database; without it a private cluster is started.
	DatabaseURL Secret `env:"DATABASE_URL"`
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
	ODSAPIKey Secret `env:"ODS_API_KEY"`
	// ODSPerSecond is how many requests a second each of them gets at most.
	ODSPerSecond float64 `env:"ODS_REQUESTS_PER_SECOND, default=5"`
	// ODSReports are the listings that are pulled every night.
	ODSReports []string `env:"ODS_REPORTS, default=edispensary,epraccur,ebranchs,egdpprac,eoptsite,etr,ets"`

	// DoSURL is where change events of pharmacies go; without it, and without
	// DoSFHIRURL, nothing is pushed to DoS.
	DoSURL string `env:"DOS_URL"`
	// DoSAPIKey is the key of the change events.
	DoSAPIKey Secret `env:"DOS_API_KEY"`
	// DoSReadURL is where DoS is read back (byOdsCode); without it pharmacies with
	// sections that nobody ever stated cannot be pushed.
	DoSReadURL      string `env:"DOS_READ_URL"`
	DoSReadUser     string `env:"DOS_READ_USER"`
	DoSReadPassword Secret `env:"DOS_READ_PASSWORD"`
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
	DoSFHIRPrivateKey Secret  `env:"DOS_FHIR_PRIVATE_KEY"`
	DoSFHIRProductID  string  `env:"DOS_FHIR_PRODUCT_ID"`
	DoSFHIRPerSecond  float64 `env:"DOS_FHIR_REQUESTS_PER_SECOND, default=4"`
	// WebsiteURL is where profiles are put on the public website; without it
	// nothing is pushed there.
	WebsiteURL    string `env:"WEBSITE_URL"`
	WebsiteAPIKey Secret `env:"WEBSITE_API_KEY"`
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
	ERSCredentials Secret `env:"ERS_CREDENTIALS"`
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
	Lists Secret `env:"LISTS"`

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
	NotifyKey       Secret `env:"NOTIFY_KEY"`
	NotifyTemplates string `env:"NOTIFY_TEMPLATES"`
	// NotifyCallbackToken is the bearer token of delivery receipts, which are taken
	// at /notify/receipts; without it the service is only asked.
	NotifyCallbackToken Secret `env:"NOTIFY_CALLBACK_TOKEN"`
	// SMTPHost is the relay; SMTPTLS is starttls, implicit, or none for loopback.
	SMTPHost     string `env:"SMTP_HOST"`
	SMTPPort     int    `env:"SMTP_PORT"`
	SMTPTLS      string `env:"SMTP_TLS, default=starttls"`
	SMTPUser     string `env:"SMTP_USER"`
	SMTPPassword Secret `env:"SMTP_PASSWORD"`

	level slog.Level
	kept  []profile.OrgType
	now   time.Time
}

// Load reads the settings and checks all of them, at the end by the check given,
// which knows what only a connector can. It returns an Error that names
// everything that is wrong.
func Load(ctx context.Context, check func(*Settings) error) (*Settings, error) {
	s := new(Settings)
	err := envconfig.ProcessWith(ctx, &envconfig.Config{
		Target: s, Lookuper: envconfig.PrefixLookuper("PROFILESYNC_", envOrFile{}),
	})
	if err != nil {
		return nil, Error{fmt.Errorf("settings: %w", err)}
	}
	if err := errors.Join(s.check(), check(s)); err != nil {
		return nil, Error{err}
	}
	return s, nil
}

// Error is a setting that is wrong or missing: nothing is done until a person
// has put it right.
type Error struct{ Err error }

func (e Error) Error() string { return e.Err.Error() }

// Unwrap returns what was found wrong.
func (e Error) Unwrap() error { return e.Err }

// Clock returns the present, or the instant that is played.
func (s *Settings) Clock() time.Time {
	if s.now.IsZero() {
		return time.Now()
	}
	return s.now
}

// PlayedNow is the instant that is played instead of the present; zero for none.
func (s *Settings) PlayedNow() time.Time { return s.now }

// OrgTypes are the kinds of organisation that have profiles.
func (s *Settings) OrgTypes() []profile.OrgType { return s.kept }

// Level is the least level that is logged.
func (s *Settings) Level() slog.Level { return s.level }
