package settings

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// check returns everything that is wrong, always in the same order.
func (s *Settings) check() error {
	return errors.Join(checkFiles(os.Environ()), s.checkMode(), s.checkLevel(), s.checkTypes(), s.checkODS(), s.checkSinks(), s.checkERS(),
		s.checkPeople(), s.checkRoles())
}

func (s *Settings) checkMode() (err error) {
	switch s.Mode {
	case "production", "demo", "test":
	default:
		return fmt.Errorf("setting PROFILESYNC_MODE=%s: want production, demo or test", s.Mode)
	}
	if s.Now == "" {
		return nil
	}
	if s.Mode == "production" {
		return fmt.Errorf("setting PROFILESYNC_NOW=%s: only PROFILESYNC_MODE=demo or test may set another time", s.Now)
	}
	if s.now, err = time.Parse(time.RFC3339, s.Now); err != nil {
		return fmt.Errorf("setting PROFILESYNC_NOW=%s: want a time like 2026-11-22T09:00:00Z", s.Now)
	}
	return nil
}

func (s *Settings) checkTypes() error {
	for _, name := range s.Types {
		t, err := profile.ParseOrgType(strings.TrimSpace(name))
		if err != nil {
			return fmt.Errorf("setting PROFILESYNC_TYPES: %w", err)
		}
		s.kept = append(s.kept, t)
	}
	return nil
}

func (s *Settings) checkODS() error {
	var errs []error
	for i, report := range s.ODSReports {
		s.ODSReports[i] = strings.TrimSpace(report)
		if _, err := ods.Types(s.ODSReports[i]); err != nil {
			errs = append(errs, fmt.Errorf("setting PROFILESYNC_ODS_REPORTS: %w", err))
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
		return fmt.Errorf("setting PROFILESYNC_LOG_LEVEL=%s: want debug, info, warn or error", s.LogLevel)
	}
	return nil
}

// checkSinks refuses settings that would otherwise only fail at the first push.
func (s *Settings) checkSinks() error {
	var settle error
	if s.PushSettle < 0 {
		settle = fmt.Errorf("setting PROFILESYNC_PUSH_SETTLE=%s: want 0 or more", s.PushSettle)
	}
	return errors.Join(s.checkSinkAddresses(), s.checkSinkAccess(),
		checkPositive("DOS_REQUESTS_PER_SECOND", s.DoSPerSecond), checkPositive("DOS_READ_REQUESTS_PER_SECOND", s.DoSReadPerSecond),
		checkPositive("DOS_FHIR_REQUESTS_PER_SECOND", s.DoSFHIRPerSecond),
		checkPositive("WEBSITE_REQUESTS_PER_SECOND", s.WebsitePerSecond), checkPositive("PUSH_WORKERS", float64(s.PushWorkers)),
		checkPositive("PROBE_EVERY", s.ProbeEvery.Seconds()), checkPositive("PUSH_BACKOFF", s.PushBackoff.Seconds()), settle)
}

// checkSinkAddresses does not repeat the values in its errors.
func (s *Settings) checkSinkAddresses() error {
	check := func(name, address string) error {
		if address == "" || isAddress(address) {
			return nil
		}
		return fmt.Errorf("setting PROFILESYNC_%s: want an address like https://host/path", name)
	}
	return errors.Join(
		check("DOS_URL", s.DoSURL), check("DOS_READ_URL", s.DoSReadURL), check("DOS_FHIR_URL", s.DoSFHIRURL),
		check("DOS_FHIR_TOKEN_URL", s.DoSFHIRTokenURL), check("WEBSITE_URL", s.WebsiteURL), check("WEBSITE_SEARCH_URL", s.WebsiteSearchURL))
}

func (s *Settings) checkSinkAccess() error {
	need := func(name string, have, wanted bool) error {
		if have || !wanted {
			return nil
		}
		return fmt.Errorf("setting PROFILESYNC_%s (or _FILE) is missing: the sink's address is set", name)
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

func checkAddress(name, address string) error {
	if isAddress(address) {
		return nil
	}
	return fmt.Errorf("setting PROFILESYNC_%s=%s: want an address like https://host/path", name, address)
}

func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != ""
}

func checkPositive(name string, value float64) error {
	if value > 0 {
		return nil
	}
	return fmt.Errorf("setting PROFILESYNC_%s=%g: want more than 0", name, value)
}
