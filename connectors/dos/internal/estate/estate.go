// Package estate compares what DoS has under the code of a pharmacy with its profile,
// and says what no push can mend: the quality checks of reconcile/quality, as pure
// functions.
package estate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/connectors/dos/internal/ids"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/quality"
)

// Service is a service as DoS stores it.
type Service struct {
	ID            int64
	Name          string
	ODSCode       string // of the pharmacy, with or without a suffix
	Type, Status  int
	OpenAllHours  bool           // overrides the weekly hours
	BankHoliday   string         // hours for bank holidays in general; empty for none
	Weekly, Dated string         // lines, also those that cannot be read
	CodePairs     []string       // as in package ids
	Unchecked     []quality.Kind // checks of something that makes no sense here
	// Values are postcode, phone, website and hours; hours only if all lines
	// can be read.
	Values profile.Values
}

// CheckProfile checks what needs no look at DoS. Of a profile that is closed or hidden
// nothing is sent.
func CheckProfile(f quality.Facts) (found []quality.Finding) {
	p := pharmacy{facts: f}
	if f.Desired.IsGone() {
		return nil
	}
	for _, f := range []profile.Field{profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes} {
		text := p.facts.Desired.Profile.Values.Get(f)
		found = append(found, p.oddHours("", f, text, quality.InvalidHours, quality.OverlappingHours)...)
	}
	return found
}

// pharmacy is a pharmacy with its services in DoS.
type pharmacy struct {
	facts    quality.Facts
	services []Service // in the order of ids
}

// ownServices returns the services of the types of pharmacies whose code begins with
// the pharmacy's, in the order of ids.
func ownServices(code profile.ODSCode, services []Service) []Service {
	own := slices.DeleteFunc(slices.Clone(services), func(s Service) bool {
		return ids.TypeNames[s.Type] == "" || !strings.HasPrefix(s.ODSCode, code.String())
	})
	slices.SortFunc(own, func(a, b Service) int { return cmp.Compare(a.ID, b.ID) })
	return own
}

// Check makes all checks of what DoS shows; services are all that it has under the
// pharmacy's code. Of a pharmacy that is closed or hidden, all that matters is which
// services are still active.
func Check(f quality.Facts, services []Service) (found []quality.Finding) {
	p := pharmacy{f, ownServices(f.Code(), services)}
	if p.facts.Desired.IsGone() {
		for _, s := range p.active() {
			found = append(found, p.finding(quality.GoneButActive, s.label(), "", "the profile is %s, and the service %s is active",
				p.state(), s.Name))
		}
		return found
	}
	missing := p.missing()
	found = slices.Concat(missing, p.noPlace(len(missing) > 0), p.duplicates(), p.unknownPostcode())
	for _, s := range p.active() {
		found = slices.Concat(found, p.hours(s), p.codePairs(s), p.contradictions(s))
	}
	return found
}

// CheckSome makes the checks that look at one service, of those that could be read of a
// pharmacy: another may have what seems to be missing.
func CheckSome(f quality.Facts, services []Service) []quality.Finding {
	return slices.DeleteFunc(Check(f, services), func(found quality.Finding) bool { return found.Service == "" })
}

// Unchecked lists the checks that could not be made of all services of a pharmacy.
func Unchecked(code profile.ODSCode, services []Service) []quality.Kind {
	var all []quality.Kind
	for _, s := range ownServices(code, services) {
		all = append(all, s.Unchecked...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (p pharmacy) state() string {
	if p.facts.Desired.IsClosed() {
		return "closed"
	}
	return "hidden"
}

func (p pharmacy) finding(kind quality.Kind, service, about, detail string, args ...any) quality.Finding {
	return quality.Finding{Code: p.facts.Code(), Kind: kind, Service: service, About: about, Detail: fmt.Sprintf(detail, args...)}
}

// active returns the active services of some types, or of all.
func (p pharmacy) active(types ...int) []Service {
	return slices.DeleteFunc(slices.Clone(p.services), func(s Service) bool {
		return s.Status != ids.StatusActive || len(types) > 0 && !slices.Contains(types, s.Type)
	})
}

// stated returns the profile's value of an editors' field, and whether a push sends it.
func (p pharmacy) stated(f profile.Field) (value string, ok bool) {
	d := p.facts.Desired
	value = d.Profile.Values.Get(f)
	_, edited := d.Edited[f]
	return value, (value != "" || edited) && !slices.Contains(d.Held, f)
}

// label names a service for people.
func (s Service) label() string { return ids.Label(s.ID, s.Type) }

func labels(services []Service) string {
	all := make([]string, len(services))
	for i, s := range services {
		all[i] = s.label()
	}
	return strings.Join(all, ", ")
}
