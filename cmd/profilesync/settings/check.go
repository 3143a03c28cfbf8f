package settings

import (
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/profilesync/profilesync/connectors/dos"
	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// check returns everything that is wrong with the values.
func (s *Settings) check() error {
	return errors.Join(s.checkMode(), s.checkDatabase(), s.checkServer(), s.checkLevel(), s.checkTypes(), s.checkListener(), s.checkAPI(),
		s.checkODS(), s.checkSinks(), s.checkERS(), s.checkFileLimit(), s.checkPeople(),
		s.checkReports(), s.checkMail(), s.checkRoles())
}

func (s *Settings) checkMode() (err error) {
	switch s.Mode {
	case "production", "demo", "test":
	default:
		return Wrong("MODE", "=%s: want production, demo or test", s.Mode)
	}
	if s.Now == "" {
		return nil
	}
	if !s.DemoOrTest() {
		return Wrong("NOW", "=%s: only PROFILESYNC_MODE=demo or test may set another time", s.Now)
	}
	if s.now, err = time.Parse(time.RFC3339, s.Now); err != nil {
		return Wrong("NOW", "=%s: want a time like 2026-11-22T09:00:00Z", s.Now)
	}
	return nil
}

func (s *Settings) checkDatabase() error {
	if s.DatabaseURL == "" {
		return nil
	}
	if err := postgres.CheckAddress(s.DatabaseURL.Reveal()); err != nil {
		return Wrong("DATABASE_URL", " (or _FILE): %w", err)
	}
	return nil
}

func (s *Settings) checkTypes() error {
	var errs []error
	for _, name := range s.Types {
		t, err := profile.ParseOrgType(strings.TrimSpace(name))
		if err != nil {
			errs = append(errs, Wrong("TYPES", ": %w", err))
		}
		s.kept = append(s.kept, t)
	}
	return errors.Join(errs...)
}

func (s *Settings) checkODS() error {
	var errs []error
	for i, report := range s.ODSReports {
		s.ODSReports[i] = strings.TrimSpace(report)
		if _, err := ods.Types(s.ODSReports[i]); err != nil {
			errs = append(errs, Wrong("ODS_REPORTS", ": %w", err))
		}
	}
	return errors.Join(errors.Join(errs...),
		checkAddress("ODS_DOWNLOADS_URL", s.ODSDownloads), checkAddress("ODS_API_URL", s.ODSAPI),
		checkPositive("ODS_REQUESTS_PER_SECOND", s.ODSPerSecond))
}

func (s *Settings) checkLevel() error {
	switch s.LogLevel {
	case "debug":
		s.level = slog.LevelDebug
	case "info":
		s.level = slog.LevelInfo
	case "warn":
		s.level = slog.LevelWarn
	case "error":
		s.level = slog.LevelError
	default:
		return Wrong("LOG_LEVEL", "=%s: want debug, info, warn or error", s.LogLevel)
	}
	return nil
}

// checkSinks refuses settings that would otherwise only fail at the first push.
func (s *Settings) checkSinks() error {
	var settle error
	if s.PushSettle < 0 {
		settle = Wrong("PUSH_SETTLE", "=%s: want 0 or more", s.PushSettle)
	}
	return errors.Join(s.checkSinkAddresses(), s.checkSinkAccess(), s.checkPrivateKey(),
		checkPositive("DOS_REQUESTS_PER_SECOND", s.DoSPerSecond), checkPositive("DOS_READ_REQUESTS_PER_SECOND", s.DoSReadPerSecond),
		checkPositive("DOS_FHIR_REQUESTS_PER_SECOND", s.DoSFHIRPerSecond),
		checkPositive("WEBSITE_REQUESTS_PER_SECOND", s.WebsitePerSecond), checkPositive("PUSH_WORKERS", float64(s.PushWorkers)),
		checkPositive("PROBE_EVERY", s.ProbeEvery.Seconds()), checkPositive("PUSH_BACKOFF", s.PushBackoff.Seconds()), settle)
}

func (s *Settings) checkSinkAddresses() error {
	return errors.Join(
		checkBase("DOS_URL", s.DoSURL), checkBase("DOS_READ_URL", s.DoSReadURL), checkBase("DOS_FHIR_URL", s.DoSFHIRURL),
		checkBase("DOS_FHIR_TOKEN_URL", s.DoSFHIRTokenURL), checkBase("WEBSITE_URL", s.WebsiteURL),
		checkBase("WEBSITE_SEARCH_URL", s.WebsiteSearchURL))
}

func (s *Settings) checkSinkAccess() error {
	need := func(name string, have, wanted bool) error {
		if have || !wanted {
			return nil
		}
		return Wrong(name, " (or _FILE) is missing: the sink's address is set")
	}
	return errors.Join(
		need("DOS_API_KEY", s.DoSAPIKey != "", s.DoSURL != ""),
		need("DOS_READ_USER", s.DoSReadUser != "", s.DoSReadURL != ""),
		need("DOS_READ_PASSWORD", s.DoSReadPassword != "", s.DoSReadURL != ""),
		need("DOS_FHIR_CLIENT_ID", s.DoSFHIRClientID != "", s.DoSFHIRTokenURL != ""),
		need("DOS_FHIR_KEY_ID", s.DoSFHIRKeyID != "", s.DoSFHIRTokenURL != ""),
		need("DOS_FHIR_PRIVATE_KEY", s.DoSFHIRPrivateKey != "", s.DoSFHIRTokenURL != ""),
		need("WEBSITE_API_KEY", s.WebsiteAPIKey != "", s.WebsiteURL != ""))
}

// checkPrivateKey refuses a key that cannot sign.
func (s *Settings) checkPrivateKey() error {
	if s.DoSFHIRTokenURL == "" || s.DoSFHIRPrivateKey == "" || s.DoSFHIRClientID == "" || s.DoSFHIRKeyID == "" {
		return nil
	}
	if _, err := s.IngestTokens(); err != nil {
		return Wrong("DOS_FHIR_PRIVATE_KEY", " (or _FILE): %w", err)
	}
	return nil
}

// IngestTokens returns the tokens of the DoS ingest. An error never repeats the key.
func (s *Settings) IngestTokens() (dos.Tokens, error) {
	return dos.Application{
		TokenURL: s.DoSFHIRTokenURL, ClientID: s.DoSFHIRClientID, KeyID: s.DoSFHIRKeyID, PrivateKey: s.DoSFHIRPrivateKey.Reveal(),
	}.Tokens()
}

// checkAddress does not repeat an address, which may hold a password.
func checkAddress(name, address string) error {
	u, err := url.Parse(address)
	if err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
		return nil
	}
	return Wrong(name, ": want an address like https://host/path")
}

// checkBase checks an address to which paths are added; none is allowed too.
func checkBase(name, address string) error {
	if address == "" {
		return nil
	}
	if strings.ContainsAny(address, "?#") {
		return Wrong(name, ": want an address like https://host/path, with nothing after it")
	}
	return checkAddress(name, address)
}

// mostFileMiB is more than any disk holds.
const mostFileMiB = 1 << 30

func (s *Settings) checkFileLimit() error {
	if s.FileLimitMiB < 1 || s.FileLimitMiB > mostFileMiB {
		return Wrong("FILE_LIMIT_MIB", "=%d: want 1 to %d", s.FileLimitMiB, mostFileMiB)
	}
	return nil
}

func checkPositive(name string, value float64) error {
	if value > 0 {
		return nil
	}
	return Wrong(name, "=%g: want more than 0", value)
}
