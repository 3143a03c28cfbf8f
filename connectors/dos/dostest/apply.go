package dostest

import (
	"slices"
	"strings"
)

// update is an event, evaluated once for all services that it updates.
type update struct {
	event    *event
	address  string
	web      string
	phone    string
	hasPhone bool
	times    opening
	hasTimes bool

	pressure      bool // offered
	contraception bool
	palliative    bool

	omitted []string // what was not written, and why
}

// write applies an event to the services of its code.
func (d *database) write(code string, e event, today string) (outcome Outcome, detail string) {
	u := newUpdate(&e, today)
	d.mu.Lock()
	defer d.mu.Unlock()
	matching := d.matching(code, u)
	switch {
	case len(matching) == 0:
		return Unmatched, ""
	case e.hidden():
		return Hidden, ""
	}
	for _, service := range matching {
		before := service.clone()
		d.apply(service, u)
		d.note(&before, service, u)
	}
	return Applied, strings.Join(u.omitted, "; ")
}

func newUpdate(e *event, today string) *update {
	u := &update{
		event: e, address: dosAddress(e), web: website(e.contact("website")), phone: dosPhone(e.contact("telephone")),
		pressure: offers(e.Services, pressureCode), contraception: offers(e.Services, contraceptionCode),
		palliative: offers(e.UecServices, palliativeCode), hasPhone: e.hasContact("telephone"),
	}
	var err error
	if u.times, err = e.openings(today); err != nil {
		u.omit("opening times: " + err.Error())
	} else {
		u.hasTimes = true
	}
	if u.hasTimes && u.times.weekly == "" {
		u.omit("weekly times: blank")
	}
	return u
}

// omit notes what is not written, once.
func (u *update) omit(what string) {
	if !slices.Contains(u.omitted, what) {
		u.omitted = append(u.omitted, what)
	}
}

// matching finds the services of an event (CONTRACT.md "Matching"): none, unless one of
// them is active.
func (d *database) matching(code string, u *update) []*Service {
	var found []*Service
	active := false
	for _, service := range d.byCode[code] {
		if service.takesEvents() {
			found = append(found, service)
			active = active || service.Status == StatusActive
		}
	}
	if !active {
		return nil
	}
	return slices.DeleteFunc(found, func(s *Service) bool { return s.Status != StatusActive && !u.offered(s.Type) })
}

func (s *Service) takesEvents() bool {
	switch s.Type {
	case TypePharmacy, TypeUrgent, TypeEnhanced, TypeDistance, TypeVariant:
		return s.Status == StatusActive
	case TypePressure, TypeContraception:
		return s.Status >= StatusActive && s.Status <= StatusCommissioning
	}
	return false
}

func (u *update) offered(serviceType int) bool {
	return serviceType == TypePressure && u.pressure || serviceType == TypeContraception && u.contraception
}

func (d *database) apply(s *Service, u *update) {
	d.moveTo(s, u)
	if u.web == "" || webAccepted.MatchString(u.web) {
		s.Web = u.web
	} else {
		u.omit("website: not accepted")
	}
	s.Phone = u.phone // even if it is blank or absent
	if u.hasTimes {
		s.Specified = u.times.specified
		if u.times.weekly != "" {
			s.Weekly = u.times.weekly
		}
	}
	switch s.Type {
	case TypePharmacy:
		s.setPalliative(u)
	case TypePressure:
		s.commission(u.pressure, PressureZCode)
	case TypeContraception:
		s.commission(u.contraception, ContraceptionZCode)
	}
}

// moveTo writes address and postcode, unless DoS has no location for a new postcode.
func (d *database) moveTo(s *Service, u *update) {
	postcode := compact(*u.event.Postcode)
	if postcode != compact(s.Postcode) {
		if postcode == "" || d.unknown[postcode] {
			u.omit("address: unknown postcode")
			return
		}
		s.Postcode = spaced(postcode)
	}
	s.Address = u.address
}

// setPalliative ignores a null list; a missing one withdraws the offer.
func (s *Service) setPalliative(u *update) {
	if len(s.ODSCode) != codeLength || isNull(u.event.UecServices) || u.palliative == slices.Contains(s.ZCodes, PalliativeZCode) {
		return
	}
	s.ZCodes = slices.DeleteFunc(slices.Clone(s.ZCodes), func(z string) bool { return z == PalliativeZCode })
	if u.palliative {
		s.ZCodes = append(s.ZCodes, PalliativeZCode)
	}
}

// commission opens or closes a commissioned service; null and missing lists close it
// too.
func (s *Service) commission(offered bool, zCode string) {
	if !offered {
		if s.Status == StatusActive {
			s.Status = StatusClosed
		}
		return
	}
	s.Status = StatusActive
	if !slices.Contains(s.ZCodes, zCode) {
		s.ZCodes = append(slices.Clone(s.ZCodes), zCode)
	}
}
