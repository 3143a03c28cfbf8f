package settings

import (
	"errors"

	"github.com/profilesync/profilesync/cmd/internal/links"
)

// mostLinkDays is the longest time for which a link may be valid.
const mostLinkDays = 365

// checkReports refuses settings that would otherwise only fail when somebody reads a
// report.
func (s *Settings) checkReports() error {
	errs := []error{
		checkAddress("REPORT_URL", s.ReportURL), checkWords("REPORT_KEYS", s.ReportKeys), checkWords("REPORT_TOKENS", s.ReportTokens),
	}
	writes := s.Mail != MailOff && s.Mail != "" // why it could not be read is said elsewhere
	if s.ReportKeys == "" && s.Lists != "" && writes {
		errs = append(errs, Wrong("REPORT_KEYS", " (or _FILE) is missing: "+
			"letters to PROFILESYNC_LISTS link to reports, and it signs the links"))
	}
	if s.ReportLinkDays < 1 || s.ReportLinkDays > mostLinkDays {
		errs = append(errs, Wrong("REPORT_LINK_DAYS", "=%d: want 1 to %d", s.ReportLinkDays, mostLinkDays))
	}
	return errors.Join(errs...)
}

// checkWords wants keys or tokens that links.Split accepts, or none.
func checkWords(name string, value Secret) error {
	if value == "" {
		return nil
	}
	if _, err := links.Split(value.Reveal()); err != nil {
		return Wrong(name, " (or _FILE): %w", err)
	}
	return nil
}
