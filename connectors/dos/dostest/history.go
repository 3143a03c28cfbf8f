package dostest

import (
	"slices"
	"strings"
)

// History returns what events changed in the services of a code, oldest first: one
// entry for each event and service, with the names that the pipeline writes into the
// history of a service, such as "100001 cmsurl cmstelephoneno". An event that
// changes nothing makes no entry.
func (s *Server) History(code string) []string {
	s.services.mu.Lock()
	defer s.services.mu.Unlock()
	return slices.Clone(s.services.history[stem(code)])
}

// note adds what an event changed in a service. A number that the event does not have
// counts as changed, whatever DoS has (CONTRACT.md "How DoS compares").
func (d *database) note(before, after *Service, u *update) {
	entry := []string{after.ID}
	changed := func(key string, is bool) {
		if is {
			entry = append(entry, key)
		}
	}
	changed("postaladdress", before.Address != after.Address)
	changed("postalcode", before.Postcode != after.Postcode)
	changed("cmsurl", before.Web != after.Web)
	changed("cmstelephoneno", before.Phone != after.Phone || !u.hasPhone)
	changed("cmsopentime", before.Weekly != after.Weekly)
	changed("cmsopentimespecified", before.Specified != after.Specified)
	changed("cmssgsdid", !slices.Equal(before.ZCodes, after.ZCodes))
	changed("cmsorgstatus", before.Status != after.Status)
	if code := stem(after.ODSCode); len(entry) > 1 {
		d.history[code] = append(d.history[code], strings.Join(entry, " "))
	}
}
