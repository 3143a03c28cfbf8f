package pushjobs

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/connectors/website/websitetest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// websiteDocument is what the test reads of a document
// (connectors/website/CONTRACT.md "The record").
type websiteDocument struct {
	OrganisationName, OrganisationTypeID, OrganisationStatus, Postcode string
	Address1, Address2, Address3, City, County                         string
	ParentOrganisation                                                 struct{ ODSCode string }
	Contacts                                                           []struct {
		ContactType, ContactAvailabilityType, ContactMethodType, ContactValue string
	}
	OpeningTimes []struct {
		Weekday, OpeningTime, ClosingTime, OpeningTimeType, AdditionalOpeningDate string
		IsOpen                                                                    bool
	}
	Services, UecServices []struct{ ServiceName, ServiceCode string }
	Facilities            []struct{ Name, Value string }
}

// websiteTexts are the values of a stored document.
func websiteTexts(t *rapid.T, server *websitetest.Server, code string, of profile.OrgType) map[string]string {
	states := server.States(code)
	if len(states) == 0 {
		return map[string]string{}
	}
	var d websiteDocument
	require.NoError(t, json.Unmarshal(states[0].Document, &d)) //nolint:musttag // keys are read in any case
	lines := slices.DeleteFunc([]string{d.Address1, d.Address2, d.Address3, d.City, d.County}, func(s string) bool { return s == "" })
	text := map[string]string{
		"name": d.OrganisationName, "postcode": d.Postcode, "address": strings.Join(lines, "\n"), "type": string(of),
		"status": "open", "hidden": "false",
	}
	switch d.OrganisationStatus {
	case "":
		delete(text, "status")
		delete(text, "hidden")
	case "Closed":
		text["status"] = "closed"
	case "Hidden":
		text["hidden"] = "true"
	}
	parent := "icb"
	if of == profile.GPPractice {
		parent = "commissioner"
	}
	text[parent] = d.ParentOrganisation.ODSCode
	for _, c := range slices.Backward(d.Contacts) {
		field := map[string]string{"Telephone": "phone", "Website": "website", "Email": "email"}[c.ContactMethodType]
		if field != "" && c.ContactType == "Primary" {
			text[field] = c.ContactValue
		}
	}
	d.readLists(text)
	d.readHours(text)
	if of != profile.TrustSite {
		delete(text, "ers-services")
	}
	return text
}

func (d websiteDocument) readLists(text map[string]string) {
	var services, referrals, facilities []string
	for _, s := range slices.Concat(d.Services, d.UecServices) {
		services = append(services, strings.TrimSpace(cmp.Or(s.ServiceCode, "-")+" "+s.ServiceName))
	}
	for _, f := range d.Facilities {
		facilities = append(facilities, f.Name+": "+f.Value)
	}
	for field, lines := range map[string][]string{"services": services, "ers-services": referrals, "facilities": facilities} {
		slices.Sort(lines)
		text[field] = strings.Join(slices.Compact(lines), "\n") // profiles have each line once
	}
}

func (d websiteDocument) readHours(text map[string]string) {
	var weekly, dated []string
	for _, o := range d.OpeningTimes {
		period := o.OpeningTime + "-" + o.ClosingTime
		switch day, _ := time.Parse("Jan 02 2006", o.AdditionalOpeningDate); {
		case o.OpeningTimeType == "Additional" && o.IsOpen:
			dated = append(dated, day.Format(time.DateOnly)+" "+period)
		case o.OpeningTimeType == "Additional":
			dated = append(dated, day.Format(time.DateOnly)+" closed")
		case o.IsOpen:
			at := slices.Index([]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}, o.Weekday)
			weekly = append(weekly, fmt.Sprintf("%d%s %s", at, strings.ToLower(o.Weekday[:3]), period))
		}
	}
	slices.Sort(weekly)
	slices.Sort(dated)
	for i := range weekly {
		weekly[i] = weekly[i][1:]
	}
	text["opening-times"], text["dated-opening-times"] = strings.Join(weekly, "\n"), strings.Join(dated, "\n")
}
