package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// The kinds of mail service.
const (
	MailOff       = "off"
	MailDirectory = "directory"
	MailSMTP      = "smtp"
	MailNotify    = "notify"
)

// checkPeople refuses settings that would otherwise only fail when the first
// letter is due.
func (s *Settings) checkPeople() error {
	var errs []error
	if _, err := people.ParseCheckRules(s.CheckRules); err != nil {
		errs = append(errs, fmt.Errorf("setting PROFILESYNC_CHECK_RULES: %w", err))
	}
	if _, err := s.MailingLists(); err != nil {
		errs = append(errs, fmt.Errorf("setting PROFILESYNC_LISTS: %w", err))
	}
	errs = append(errs, checkIdle("IDLE_MEMBER_DAYS", s.IdleMember), checkIdle("IDLE_LEAD_DAYS", s.IdleLead),
		checkIdle("IDLE_ADMINISTRATOR_DAYS", s.IdleAdministrator))
	if s.IdleInvitation < 1 || s.MailPerDay < 1 || s.MailPerSecond <= 0 {
		errs = append(errs, errors.New("settings PROFILESYNC_IDLE_INVITATION_DAYS, MAIL_PER_DAY and MAIL_PER_SECOND: want at least 1"))
	}
	return errors.Join(errs...)
}

func checkIdle(name string, days int) error {
	if days > 30 {
		return nil
	}
	return fmt.Errorf("setting PROFILESYNC_%s=%d: want more than 30, the days of the first warning", name, days)
}

// MailingLists returns the addresses of the boards' lists. An error never
// repeats one.
func (s *Settings) MailingLists() (map[profile.ODSCode]people.EmailAddress, error) {
	lists := make(map[profile.ODSCode]people.EmailAddress)
	if s.Lists == "" {
		return lists, nil
	}
	var stated map[string]string
	if err := json.Unmarshal([]byte(s.Lists.Reveal()), &stated); err != nil {
		return nil, errors.New("want a JSON object from the ODS code of a board to an address")
	}
	for _, code := range slices.Sorted(maps.Keys(stated)) {
		address, err := people.ParseEmailAddress(stated[code])
		if err != nil {
			return nil, fmt.Errorf("list of %s: %w", code, err)
		}
		lists[profile.ODSCode(code)] = address
	}
	return lists, nil
}

// IdleLimits returns after how many days accounts end.
func (s *Settings) IdleLimits() people.IdleLimits {
	return people.IdleLimits{
		Member: s.IdleMember, Lead: s.IdleLead, Administrator: s.IdleAdministrator, Invitation: s.IdleInvitation,
	}
}
