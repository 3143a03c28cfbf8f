package dos

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/profilesync/profilesync/connectors/dos/internal/ids"
	"github.com/profilesync/profilesync/connectors/dos/internal/roles"
	"github.com/profilesync/profilesync/connectors/dos/internal/site"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Check says, without asking DoS, which fields of a delivery it would not take, in plain
// words. The error is a *push.SinkError: DoS would refuse the delivery as a whole.
func (*Sink) Check(d push.Delivery) ([]push.LeftOut, error) {
	if d.Type == profile.GPPractice {
		return leftOutOfPractice(d.Values), nil
	}
	if err := whyDropped(d); err != nil {
		return nil, err
	}
	return leftOutOfEvent(d.Values), nil
}

// whyDropped says why DoS would drop any event of the pharmacy.
func whyDropped(d push.Delivery) error {
	if len(d.Code) == ids.CodeLength {
		return nil
	}
	return refusal(d.Code, "DoS takes pharmacies whose ODS code has exactly %d characters; this one has %d and cannot be sent",
		ids.CodeLength, len(d.Code))
}

// mostDated is how many dated periods an event holds, whatever else it says
// (CONTRACT.md "Limits").
const mostDated = 1200

// leftOutOfEvent names the fields of an event that DoS would skip, or that cannot be
// written (CONTRACT.md "Silent refusals"). Of a closed or hidden pharmacy DoS applies
// nothing, so that only what cannot be written counts.
func leftOutOfEvent(v profile.Values) (left []push.LeftOut) {
	address := site.Stored(v.Get(profile.FieldWebsite))
	if why := site.WhyNot(address); why != "" && statusOf(v) == visible {
		left = append(left, push.LeftOut{Field: profile.FieldWebsite, Value: site.Shown(address), Reason: why})
	}
	if _, err := weeklyRows(v.Get(profile.FieldOpeningTimes)); err != nil {
		left = append(left, push.LeftOut{Field: profile.FieldOpeningTimes, Reason: err.Error()})
	}
	dated, err := datedRows(v.Get(profile.FieldDatedOpeningTimes))
	if err == nil && len(dated) > mostDated {
		err = fmt.Errorf("%d dated periods, an event of DoS holds %d", len(dated), mostDated)
	}
	if err != nil {
		left = append(left, push.LeftOut{Field: profile.FieldDatedOpeningTimes, Reason: err.Error()})
	}
	return left
}

// leftOutOfPractice names the fields of a practice that the ingest would refuse
// (CONTRACT.md "The Organization body").
func leftOutOfPractice(v profile.Values) (left []push.LeftOut) {
	name := strings.TrimSpace(v.Get(profile.FieldName))
	if why := whyNotName(name); why != "" && v.States(profile.FieldName) {
		left = append(left, push.LeftOut{Field: profile.FieldName, Value: name, Reason: why})
	}
	for _, row := range telecomFields {
		value := strings.TrimSpace(v.Get(row.field))
		if _, err := contactValue(row.field, value); err != nil {
			l := push.LeftOut{Field: row.field, Reason: err.Error()}
			if row.field == profile.FieldWebsite {
				l.Value = site.Shown(value)
			}
			left = append(left, l)
		}
	}
	if stated := v.Get(profile.FieldRoles); v.States(profile.FieldRoles) && !roles.Accepted(stated) {
		left = append(left, push.LeftOut{Field: profile.FieldRoles, Value: stated, Reason: "DoS wants exactly one RO177, and RO76 beside it"})
	}
	return left
}

func whyNotName(name string) string {
	switch length := utf8.RuneCountInString(name); {
	case length == 0:
		return "it is blank, and DoS accepts no practice without one"
	case length > longestName:
		return fmt.Sprintf("it has %d characters, DoS accepts %d", length, longestName)
	}
	return ""
}
