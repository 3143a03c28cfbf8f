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
	entry := after.ID
	for _, one := range []struct {
		key     string
		changed bool
	}{
		{"postaladdress", before.Address != after.Address},
		{"postalcode", before.Postcode != after.Postcode},
		{"cmsurl", before.Web != after.Web},
		{"cmstelephoneno", before.Phone != after.Phone || !u.hasPhone},
		{"cmsopentime", before.Weekly != after.Weekly},
		{"cmsopentimespecified", before.Specified != after.Specified},
		{"cmssgsdid", !slices.Equal(before.ZCodes, after.ZCodes)},
		{"cmsorgstatus", before.Status != after.Status},
	} {
		if one.changed {
			entry += " " + one.key
		}
	}
	if strings.Contains(entry, " ") {
		d.history[stem(after.ODSCode)] = append(d.history[stem(after.ODSCode)], entry)
	}
}
