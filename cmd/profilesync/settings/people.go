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

// checkPeople refuses settings that would otherwise only fail when the first
// letter is due.
func (s *Settings) checkPeople() error {
	var errs []error
	if _, err := people.ParseCheckRules(s.CheckRules); err != nil {
		errs = append(errs, Wrong("CHECK_RULES", ": %w", err))
	}
	if _, err := s.MailingLists(); err != nil {
		errs = append(errs, Wrong("LISTS", ": %w", err))
	}
	errs = append(errs, checkIdle("IDLE_MEMBER_DAYS", s.IdleMember), checkIdle("IDLE_LEAD_DAYS", s.IdleLead),
		checkIdle("IDLE_ADMINISTRATOR_DAYS", s.IdleAdministrator))
	errs = append(errs, checkPositive("IDLE_INVITATION_DAYS", float64(s.IdleInvitation)),
		checkAddress("CALENDAR_URL", s.CalendarURL), checkAddress("SIGN_IN_URL", s.SignInURL))
	return errors.Join(errs...)
}

func checkIdle(name string, days int) error {
	if days > 30 {
		return nil
	}
	return Wrong(name, "=%d: want more than 30, the days of the first warning", days)
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
