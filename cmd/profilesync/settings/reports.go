package settings

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/profilesync/profilesync/cmd/internal/links"
)

// mostLinkDays is the longest time for which a link may be valid.
const mostLinkDays = 365

// checkReports refuses settings that would otherwise only fail when somebody reads a
// report.
func (s *Settings) checkReports() error {
	var errs []error
	for _, secret := range []struct {
		name  string
		value Secret
	}{{"REPORT_KEYS", s.ReportKeys}, {"REPORT_TOKENS", s.ReportTokens}} {
		if secret.value == "" {
			continue
		}
		if _, err := links.Split(secret.value.Reveal()); err != nil {
			errs = append(errs, fmt.Errorf("setting PROFILESYNC_%s (or _FILE): %w", secret.name, err))
		}
	}
	if s.ReportKeys == "" && s.Lists != "" && s.Mail != MailOff {
		errs = append(errs, errors.New("setting PROFILESYNC_REPORT_KEYS (or _FILE) is missing: "+
			"letters to PROFILESYNC_LISTS link to reports, and it signs the links"))
	}
	if s.ReportLinkDays < 1 || s.ReportLinkDays > mostLinkDays {
		errs = append(errs, fmt.Errorf("setting PROFILESYNC_REPORT_LINK_DAYS=%d: want 1 to %d", s.ReportLinkDays, mostLinkDays))
	}
	return errors.Join(errs...)
}

// Hosts are the names under which the daemon answers besides those of this machine.
func (s *Settings) Hosts() []string {
	hosts := append([]string(nil), s.HTTPHosts...)
	if u, err := url.Parse(s.ReportURL); err == nil && u.Host != "" {
		hosts = append(hosts, u.Host)
	}
	return hosts
}
