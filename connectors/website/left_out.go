package website

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/services"
)

// Check says, without asking the website, which fields of a delivery it would not take:
// opening times that cannot be written (CONTRACT.md "Opening times"). The error is a
// *push.SinkError: the website has no such type.
func (*Sink) Check(d push.Delivery) (left []push.LeftOut, err error) {
	if of := typeIn(d); kinds[of].id == "" {
		return nil, unsent(d, push.AnswerRefused, 0, fmt.Sprintf("type %q: the website has no such type", of))
	}
	if _, err := weeklyRows(d.Values.Get(profile.FieldOpeningTimes), general); err != nil {
		left = append(left, push.LeftOut{Field: profile.FieldOpeningTimes, Reason: whyNotHours})
	}
	if _, err := datedRows(d.Values.Get(profile.FieldDatedOpeningTimes)); err != nil {
		left = append(left, push.LeftOut{Field: profile.FieldDatedOpeningTimes, Reason: whyNotHours})
	}
	return left, nil
}

// whyNotHours does not repeat the line, whose text may be anything.
const whyNotHours = "a line that is not an opening time within one day"

// partFields holds the fields that a part of the document is about.
var partFields = map[string][]profile.Field{
	"OrganisationName":    {profile.FieldName},
	"OrganisationTypeId":  {profile.FieldType},
	"OrganisationType":    {profile.FieldType},
	"OrganisationSubType": {profile.FieldType},
	"OrganisationStatus":  {profile.FieldStatus, profile.FieldHidden},
	"Address1":            {profile.FieldAddress},
	"Address2":            {profile.FieldAddress},
	"Address3":            {profile.FieldAddress},
	"City":                {profile.FieldAddress},
	"County":              {profile.FieldAddress},
	"Postcode":            {profile.FieldPostcode},
	"ParentOrganisation":  {profile.FieldICB, profile.FieldCommissioner},
	"Contacts":            {profile.FieldPhone, profile.FieldEmail, profile.FieldWebsite},
	"OpeningTimes":        {profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes},
	"Services":            {profile.FieldServices, profile.FieldERSServices},
	"UecServices":         {profile.FieldServices, profile.FieldERSServices},
	"Facilities":          {profile.FieldFacilities},
}

// fields returns the fields that the errors of a refused document are about. A row of a
// list is looked up in the document that was sent: one that is not ours has no field.
func (p problem) fields(body []byte) (found []push.LeftOut) {
	var sent organisation
	if json.Unmarshal(body, &sent) != nil {
		return nil
	}
	for _, fault := range p.Errors {
		if !pointerShape.MatchString(fault.Pointer) {
			continue
		}
		reason := "the website refuses it"
		if codeShape.MatchString(fault.Code) {
			reason += ": " + fault.Code
		}
		for _, f := range sent.fieldsAt(fault.Pointer) {
			found = append(found, push.LeftOut{Field: f, Reason: reason})
		}
	}
	return found
}

// longestList returns the list that takes most of a document that is too large, of those
// that the delivery states: a 413 names nothing (CONTRACT.md "Answers").
func longestList(d push.Delivery, body []byte) []push.LeftOut {
	var sent organisation
	var rows receivedParts
	for _, into := range []any{&sent, &rows} {
		if json.Unmarshal(body, into) != nil {
			return nil
		}
	}
	sizes := make(map[profile.Field]int)
	for part, list := range map[string][]json.RawMessage{
		"OpeningTimes": rows.OpeningTimes, "Services": rows.Services, "UecServices": rows.UecServices, "Facilities": rows.Facilities,
	} {
		for i, row := range list {
			for _, f := range sent.fieldsAt(fmt.Sprintf("/%s/%d", part, i)) {
				sizes[f] += len(row)
			}
		}
	}
	longest := profile.NoField
	for _, f := range profile.Fields() {
		if d.Values.States(f) && !slices.Contains(d.Filled, f) && sizes[f] > sizes[longest] {
			longest = f
		}
	}
	if longest == profile.NoField {
		return nil
	}
	return []push.LeftOut{{Field: longest, Reason: "the website refuses the document as too large, and this is the longest list in it"}}
}

// fieldsAt returns the fields that a pointer is about.
func (p organisation) fieldsAt(pointer string) []profile.Field {
	part, rest, _ := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
	index, _, _ := strings.Cut(rest, "/")
	at, err := strconv.Atoi(index)
	fields := partFields[part]
	if rows := p.rowFields(part); err == nil && at >= 0 && at < len(rows) {
		fields = slices.DeleteFunc([]profile.Field{rows[at]}, func(f profile.Field) bool { return f == profile.NoField })
	}
	return fields
}

// rowFields returns the field of each row of a list; no field for a row that is not ours.
func (p organisation) rowFields(part string) (fields []profile.Field) {
	switch part {
	case "Contacts":
		for _, row := range p.Contacts {
			fields = append(fields, row.field())
		}
	case "OpeningTimes":
		for _, row := range p.OpeningTimes {
			fields = append(fields, row.field())
		}
	case "Services":
		for _, row := range p.Services {
			fields = append(fields, row.field())
		}
	case "UecServices":
		for _, row := range p.UecServices {
			fields = append(fields, row.field())
		}
	}
	return fields
}

// field returns the field of a row; no field for a kind that is not ours.
func (o opening) field() profile.Field {
	switch o.kind() {
	case additional:
		return profile.FieldDatedOpeningTimes
	case "":
		return profile.NoField
	}
	return profile.FieldOpeningTimes
}

// field returns the field of a service: those of the e-Referral Service have its numbers.
func (s service) field() profile.Field {
	if _, err := services.ParseID(profile.ServiceCode(s.line())); err == nil {
		return profile.FieldERSServices
	}
	return profile.FieldServices
}
