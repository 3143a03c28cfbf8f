package settings

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func (s *Settings) check() error {
	return errors.Join(s.checkFiles(), s.checkMode(), s.checkLevel(), s.checkTypes(), s.checkODS(), s.checkSinks(), s.checkERS(),
		s.checkPeople())
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
		return fmt.Errorf("setting PROFILESYNC_NOW=%s: only PROFILESYNC_MODE=demo or test may play another time", s.Now)
	}
	if s.now, err = time.Parse(time.RFC3339, s.Now); err != nil {
		return fmt.Errorf("setting PROFILESYNC_NOW=%s: want an instant like 2026-11-22T09:00:00Z", s.Now)
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
	for name, address := range map[string]string{"ODS_DOWNLOADS_URL": s.ODSDownloads, "ODS_API_URL": s.ODSAPI} {
		if u, err := url.Parse(address); err != nil || u.Host == "" {
			errs = append(errs, fmt.Errorf("setting PROFILESYNC_%s=%s: want an address like https://host/path", name, address))
		}
	}
	if s.ODSPerSecond <= 0 {
		errs = append(errs, fmt.Errorf("setting PROFILESYNC_ODS_REQUESTS_PER_SECOND=%g: want more than 0", s.ODSPerSecond))
	}
	return errors.Join(errs...)
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

// checkSinks refuses settings that would only fail at the first push.
func (s *Settings) checkSinks() error {
	var errs []error
	for name, address := range map[string]string{
		"DOS_URL": s.DoSURL, "DOS_READ_URL": s.DoSReadURL, "DOS_FHIR_URL": s.DoSFHIRURL, "DOS_FHIR_TOKEN_URL": s.DoSFHIRTokenURL,
		"WEBSITE_URL": s.WebsiteURL, "WEBSITE_SEARCH_URL": s.WebsiteSearchURL,
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
	needs("DOS_API_KEY", s.DoSAPIKey != "", s.DoSURL != "")
	needs("DOS_READ_USER", s.DoSReadUser != "", s.DoSReadURL != "")
	needs("DOS_READ_PASSWORD", s.DoSReadPassword != "", s.DoSReadURL != "")
	needs("DOS_FHIR_CLIENT_ID", s.DoSFHIRClientID != "", s.DoSFHIRTokenURL != "")
	needs("DOS_FHIR_KEY_ID", s.DoSFHIRKeyID != "", s.DoSFHIRTokenURL != "")
	needs("DOS_FHIR_PRIVATE_KEY", s.DoSFHIRPrivateKey != "", s.DoSFHIRTokenURL != "")
	needs("WEBSITE_API_KEY", s.WebsiteAPIKey != "", s.WebsiteURL != "")
	for name, value := range map[string]float64{
		"DOS_REQUESTS_PER_SECOND": s.DoSPerSecond, "DOS_READ_REQUESTS_PER_SECOND": s.DoSReadPerSecond,
		"DOS_FHIR_REQUESTS_PER_SECOND": s.DoSFHIRPerSecond,
		"WEBSITE_REQUESTS_PER_SECOND":  s.WebsitePerSecond, "PUSH_WORKERS": float64(s.PushWorkers), "PROBE_EVERY": s.ProbeEvery.Seconds(),
		"PUSH_BACKOFF": s.PushBackoff.Seconds(),
	} {
		if value <= 0 {
			errs = append(errs, fmt.Errorf("setting PROFILESYNC_%s=%g: want more than 0", name, value))
		}
	}
	if s.PushSettle < 0 {
		errs = append(errs, fmt.Errorf("setting PROFILESYNC_PUSH_SETTLE=%s: want 0 or more", s.PushSettle))
	}
	return errors.Join(errs...)
}
