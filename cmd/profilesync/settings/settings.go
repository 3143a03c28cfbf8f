package settings

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Settings holds every setting. All come from the environment, with the prefix
// PROFILESYNC_; instead of any NAME, NAME_FILE may name a file that holds the
// value. A wrong setting stops the program before it does anything.
type Settings struct {
	// Mode is production, demo or test. Now is allowed only in demo and test.
	Mode string `env:"MODE, default=production"`
	// Now is the time to use instead of the real one (RFC 3339).
	Now string `env:"NOW"`
	// DatabaseURL is the database; without it, only a private one can be used.
	DatabaseURL Secret `env:"DATABASE_URL"`
	// The roles that `migrate --roles` creates and grants: who migrates, the daemon,
	// editing applications, dashboards, and the console's sessions.
	RoleOwner   string `env:"ROLE_OWNER, default=profilesync_owner"`
	RoleDaemon  string `env:"ROLE_DAEMON, default=profilesync_daemon"`
	RoleEditor  string `env:"ROLE_EDITOR, default=profilesync_editor"`
	RoleReader  string `env:"ROLE_READER, default=profilesync_reader"`
	RoleConsole string `env:"ROLE_CONSOLE, default=profilesync_console"`
	// Server is the daemon whose API commands ask instead of the database; ServerToken is
	// the token to show there, ServerCA (PEM) who may have signed its certificate, and
	// ServerPatience how long it is asked again while it does not answer.
	Server         string        `env:"SERVER"`
	ServerToken    Secret        `env:"SERVER_TOKEN"`
	ServerCA       string        `env:"SERVER_CA"`
	ServerPatience time.Duration `env:"SERVER_PATIENCE, default=30s"`
	// LocalDir is the folder of the private database.
	LocalDir string `env:"LOCAL_DIR, default=.local"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `env:"LOG_LEVEL, default=info"`
	// Types are the kinds of organisation that have profiles.
	Types []string `env:"TYPES, default=pharmacy,gp-practice,gp-branch,dental-practice,optical-site,trust,trust-site"`

	// HTTPAddress is where health and metrics are served.
	HTTPAddress string `env:"HTTP_ADDRESS, default=127.0.0.1:8383"`
	// HTTPOpen says on purpose that other machines may reach HTTPAddress, without TLS.
	HTTPOpen bool `env:"HTTP_OPEN, default=false"`
	// HTTPHosts are the names under which it answers, besides those of this machine
	// and that of ReportURL.
	HTTPHosts []string `env:"HTTP_HOSTS"`
	// APIAddress is where the API and the console are served; off for nowhere.
	APIAddress string `env:"API_ADDRESS, default=127.0.0.1:8384"`
	// APITLSCert and APITLSKey (PEM) are needed for an address that other machines can
	// reach. Their files are read again when they change.
	APITLSCert string `env:"API_TLS_CERT"`
	APITLSKey  Secret `env:"API_TLS_KEY"`
	// APIPublicURL is where browsers reach it, if that is not APIAddress.
	APIPublicURL string `env:"API_PUBLIC_URL"`
	// APISessionIdle is how long a session lasts without a request, APISessionLifetime
	// how long at most: in its second half, the provider is asked again for the groups.
	APISessionIdle     time.Duration `env:"API_SESSION_IDLE, default=30m"`
	APISessionLifetime time.Duration `env:"API_SESSION_LIFETIME, default=1h"`
	// OIDCIssuer is the identity provider of people; without it nobody can sign in.
	OIDCIssuer       string `env:"OIDC_ISSUER"`
	OIDCClientID     string `env:"OIDC_CLIENT_ID"`
	OIDCClientSecret Secret `env:"OIDC_CLIENT_SECRET"`
	// OIDCVerbs are the verbs of each group: admins=read,administer;leads=read,approve.
	OIDCVerbs string `env:"OIDC_VERBS"`
	// OIDCActorClaim is the claim with the pseudonym that the audit records,
	// OIDCGroupsClaim the one with the groups.
	OIDCActorClaim  string `env:"OIDC_ACTOR_CLAIM, default=sub"`
	OIDCGroupsClaim string `env:"OIDC_GROUPS_CLAIM, default=groups"`

	// TracesEndpoint is a collector of traces (OTLP over HTTP); empty: as the standard
	// variables OTEL_EXPORTER_OTLP_ENDPOINT and so on say.
	TracesEndpoint string `env:"TRACES_ENDPOINT"`
	// ODSDownloads is the CSV download service, ODSAPI the FHIR R4 API.
	ODSDownloads string `env:"ODS_DOWNLOADS_URL, default=https://www.odsdatasearchandexport.nhs.uk"`
	ODSAPI       string `env:"ODS_API_URL, default=https://api.service.nhs.uk/organisation-data-terminology-api/fhir"`
	// ODSAPIKey is the key of the ODS API; without it no deltas are pulled.
	ODSAPIKey Secret `env:"ODS_API_KEY"`
	// ODSPerSecond is the most requests per second to each of them.
	ODSPerSecond float64 `env:"ODS_REQUESTS_PER_SECOND, default=5"`
	// ODSReports are the listings pulled every night.
	ODSReports []string `env:"ODS_REPORTS, default=edispensary,epraccur,ebranchs,egdpprac,eoptsite,etr,ets"`

	// DoSURL is where change events of pharmacies go; without it, and without
	// DoSFHIRURL, nothing is pushed to DoS.
	DoSURL string `env:"DOS_URL"`
	// DoSAPIKey is the key of the change events.
	DoSAPIKey Secret `env:"DOS_API_KEY"`
	// DoSReadURL is where DoS is read back (byOdsCode); without it, pharmacies
	// with sections that were never stated cannot be pushed.
	DoSReadURL      string `env:"DOS_READ_URL"`
	DoSReadUser     string `env:"DOS_READ_USER"`
	DoSReadPassword Secret `env:"DOS_READ_PASSWORD"`
	// DoSPerSecond is how many change events DoS gets per second,
	// DoSReadPerSecond how many reads: crawling is discouraged there.
	DoSPerSecond     float64 `env:"DOS_REQUESTS_PER_SECOND, default=40"`
	DoSReadPerSecond float64 `env:"DOS_READ_REQUESTS_PER_SECOND, default=5"`
	// DoSFHIRURL is the FHIR R4 ingest for GP practices, up to and including
	// /FHIR/R4.
	DoSFHIRURL string `env:"DOS_FHIR_URL"`
	// DoSFHIRTokenURL, ClientID, KeyID and PrivateKey (PEM) are used to get its
	// tokens; the sandbox needs none.
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
	// session makes one push; closures that take effect today never wait.
	PushSettle time.Duration `env:"PUSH_SETTLE, default=10s"`
	// PushWorkers is how many pushes each sink gets concurrently.
	PushWorkers int `env:"PUSH_WORKERS, default=16"`
	// PushBackoff is how long a failed push waits before it is retried, doubled
	// each time up to five minutes.
	PushBackoff time.Duration `env:"PUSH_BACKOFF, default=1s"`
	// ProbeEvery is how often a paused sink gets one push to find out whether
	// it works again.
	ProbeEvery time.Duration `env:"PROBE_EVERY, default=30s"`

	// ERSURL is the e-Referral Service API, up to and including
	// /referrals/FHIR; the sandbox's ends in /FHIR.
	ERSURL string `env:"ERS_URL, default=https://api.service.nhs.uk/referrals/FHIR"`
	// ERSAuth is jwt, or none for the sandbox.
	ERSAuth string `env:"ERS_AUTH, default=jwt"`
	// ERSTokenURL is where its tokens are issued.
	ERSTokenURL string `env:"ERS_TOKEN_URL, default=https://api.service.nhs.uk/oauth2/token"`
	// ERSCredentials are the applications we registered, one per organisation,
	// each a JSON object: name, client_id, key_id, private_key (PEM). Without
	// them, e-RS is not used if ERSAuth is jwt.
	ERSCredentials Secret `env:"ERS_CREDENTIALS"`
	// ERSPerSecond is how many requests per second each of them may make,
	// across all processes and machines.
	ERSPerSecond float64 `env:"ERS_REQUESTS_PER_SECOND, default=10"`
	// ERSExtract is the path of the newest EBSX05 extract, which the daemon
	// imports every day. Without it, people import extracts.
	ERSExtract string `env:"ERS_EXTRACT"`
	// ERSColumns is a JSON object from facts to the column headers of the
	// EBSX05 extract: ID, Site, Name, Provider, Specialty and so on; - for
	// none.
	ERSColumns string `env:"ERS_COLUMNS"`

	// FileLimitMiB is the largest file that a command reads, in MiB.
	FileLimitMiB int `env:"FILE_LIMIT_MIB, default=4096"`
	// ApprovalByAnother demands that what a run withheld is approved by another
	// person than asked for the run, by the name given as actor and by the
	// operating-system user.
	ApprovalByAnother bool `env:"APPROVAL_BY_ANOTHER, default=false"`

	// CalendarURL is the official list of bank holidays.
	CalendarURL string `env:"CALENDAR_URL, default=https://www.gov.uk/bank-holidays.json"`
	// CheckRules change which sections of which organisations must be checked,
	// and how often.
	CheckRules string `env:"CHECK_RULES"`
	// IdleMember, IdleLead and IdleAdministrator are the days without activity
	// after which an account ends, IdleInvitation those after which an
	// unaccepted invitation does.
	IdleMember        int `env:"IDLE_MEMBER_DAYS, default=190"`
	IdleLead          int `env:"IDLE_LEAD_DAYS, default=90"`
	IdleAdministrator int `env:"IDLE_ADMINISTRATOR_DAYS, default=90"`
	IdleInvitation    int `env:"IDLE_INVITATION_DAYS, default=28"`
	// SignInURL is where people sign in; letters link to it.
	SignInURL string `env:"SIGN_IN_URL, default=https://www.profilemanager.example/sign-in"`
	// ServiceDesk says whom people contact to have an account reactivated.
	ServiceDesk string `env:"SERVICE_DESK, default=the service desk of your integrated care board"`
	// Lists are the mailing lists of boards: a JSON object from the ODS code of
	// the ICB, or from national, which gets everything, to an address.
	Lists Secret `env:"LISTS"`

	// ReportDirectory is where reports are written, ReportURL where people reach
	// this daemon's listener.
	ReportDirectory string `env:"REPORT_DIRECTORY"`
	ReportURL       string `env:"REPORT_URL, default=http://127.0.0.1:8383"`
	// ReportKeys sign the links to reports, and ReportTokens are those of programs
	// that read them: one or two each (links.Split).
	ReportKeys   Secret `env:"REPORT_KEYS"`
	ReportTokens Secret `env:"REPORT_TOKENS"`
	// ReportLinkDays is after how many days a link expires.
	ReportLinkDays int `env:"REPORT_LINK_DAYS, default=14"`

	// Mail is off, directory, smtp or notify.
	Mail string `env:"MAIL, default=off"`
	// MailDirectory is where Mail=directory collects messages.
	MailDirectory string `env:"MAIL_DIRECTORY, default=.local/mail"`
	// MailPerDay is the most letters one person gets per day, MailPerSecond how
	// many are sent per second.
	MailPerDay    int     `env:"MAIL_PER_DAY, default=3"`
	MailPerSecond float64 `env:"MAIL_PER_SECOND, default=40"`
	// MailCanaryPause is the pause after the first letters of a new version of
	// a text.
	MailCanaryPause time.Duration `env:"MAIL_CANARY_PAUSE, default=30m"`
	// MailSettle is how long after an unclear answer the letter is looked up at
	// the mail service.
	MailSettle time.Duration `env:"MAIL_SETTLE, default=1m"`
	// MailFrom is the sender of SMTP messages.
	MailFrom string `env:"MAIL_FROM, default=no-reply@profilesync.example"`
	// NotifyURL is GOV.UK Notify, NotifyKey its API key, NotifyTemplates a JSON
	// object from the name of a text to the id of its template there.
	NotifyURL       string `env:"NOTIFY_URL, default=https://api.notifications.service.gov.uk"`
	NotifyKey       Secret `env:"NOTIFY_KEY"`
	NotifyTemplates string `env:"NOTIFY_TEMPLATES"`
	// NotifyCallbackToken are one or two bearer tokens of delivery receipts
	// (links.Split), which are received at /notify/receipts; without one, status is
	// only polled.
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

// Load reads the settings from the environment and checks all of them. It returns
// an Error that lists everything that is wrong, in the order of the fields.
func Load(ctx context.Context) (*Settings, error) { return load(ctx, os.Environ()) }

func load(ctx context.Context, entries []string) (*Settings, error) {
	s := new(Settings)
	faults := s.set(ctx, environmentOf(entries))
	if err := inOrder(faults, s.check()); err != nil {
		return nil, Error{err}
	}
	return s, nil
}

// Error is a setting that is wrong or missing: nothing is done until a person
// has corrected it.
type Error struct{ Err error }

func (e Error) Error() string { return e.Err.Error() }

// Unwrap returns the underlying error.
func (e Error) Unwrap() error { return e.Err }

// Clock returns the current time, or the time set by Now.
func (s *Settings) Clock() time.Time {
	if s.now.IsZero() {
		return time.Now()
	}
	return s.now
}

// PlayedNow is the time set by Now; zero if it is not set.
func (s *Settings) PlayedNow() time.Time { return s.now }

// FileLimit is the largest file that a command reads, in bytes.
func (s *Settings) FileLimit() int64 { return int64(s.FileLimitMiB) << 20 }

// DemoOrTest reports whether Mode is demo or test.
func (s *Settings) DemoOrTest() bool { return s.Mode != "production" }

// OrgTypes are the kinds of organisation that have profiles.
func (s *Settings) OrgTypes() []profile.OrgType { return s.kept }

// Level is the lowest level that is logged.
func (s *Settings) Level() slog.Level { return s.level }
