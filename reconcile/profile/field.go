package profile

import "fmt"

// Field is one field of a profile: the unit in which changes are planned,
// withheld, applied, audited and undone.
type Field uint8

// The fields of a profile. Their order is the order of plans and reports.
const (
	NoField Field = iota
	FieldName
	FieldAddress // lines, town and county as one: a line each
	FieldPostcode
	FieldType
	FieldRoles
	FieldStatus
	FieldParent
	FieldCommissioner
	FieldICB
	FieldRegion
	FieldSuccessor
	FieldPhone
	FieldEmail
	FieldWebsite
	FieldDescription
	FieldHidden
	FieldOpeningTimes
	FieldDatedOpeningTimes
	FieldFacilities
	FieldServices     // departments and services added by editors
	FieldERSServices  // departments and services of the e-Referral Service
	FieldChecks       // people's confirmations, a section each
	FieldKind         // hospital or clinic, of trusts and their sites
	FieldServiceTexts // what editors write beside services of the e-Referral Service
	numFields
)

// Owner says who may speak for a field; nobody else's word changes it.
type Owner string

// The owners of fields.
const (
	OwnedByODS    Owner = "ods"
	OwnedByERS    Owner = "ers"
	OwnedByEditor Owner = "editor"
	OwnedByDesk   Owner = "desk" // the service desk
)

// ownership is the whole policy: one row a field, each field once
// (RULES.md "Who owns which field").
var ownership = [numFields]struct {
	name  string
	owner Owner
}{
	FieldName:              {"name", OwnedByODS},
	FieldAddress:           {"address", OwnedByODS},
	FieldPostcode:          {"postcode", OwnedByODS},
	FieldType:              {"type", OwnedByODS},
	FieldRoles:             {"roles", OwnedByODS},
	FieldStatus:            {"status", OwnedByODS},
	FieldParent:            {"parent", OwnedByODS},
	FieldCommissioner:      {"commissioner", OwnedByODS},
	FieldICB:               {"icb", OwnedByODS},
	FieldRegion:            {"region", OwnedByODS},
	FieldSuccessor:         {"successor", OwnedByODS},
	FieldPhone:             {"phone", OwnedByEditor}, // ODS seeds it at creation
	FieldEmail:             {"email", OwnedByEditor},
	FieldWebsite:           {"website", OwnedByEditor}, // ODS seeds it at creation
	FieldDescription:       {"description", OwnedByEditor},
	FieldHidden:            {"hidden", OwnedByEditor},
	FieldOpeningTimes:      {"opening-times", OwnedByEditor},
	FieldDatedOpeningTimes: {"dated-opening-times", OwnedByEditor},
	FieldFacilities:        {"facilities", OwnedByEditor},
	FieldServices:          {"services", OwnedByEditor},
	FieldERSServices:       {"ers-services", OwnedByERS},
	FieldChecks:            {"checks", OwnedByEditor}, // our own writes never count as a check
	FieldKind:              {"kind", OwnedByDesk},
	FieldServiceTexts:      {"service-texts", OwnedByEditor},
}

// Fields lists every field in order.
func Fields() []Field {
	fields := make([]Field, 0, numFields-1)
	for f := NoField + 1; f < numFields; f++ {
		fields = append(fields, f)
	}
	return fields
}

// ParseField finds a field by the name that plans, audit and JSON use.
func ParseField(name string) (Field, error) {
	for f, row := range ownership {
		if row.name == name && name != "" {
			return Field(f), nil
		}
	}
	return NoField, fmt.Errorf("field %q: no profile has it", name)
}

func (f Field) String() string { return ownership[f].name }

// Owner returns who may speak for the field.
func (f Field) Owner() Owner { return ownership[f].owner }
