package profile

import "fmt"

// Field is one field of a profile: the unit in which changes are planned,
// withheld, applied, audited and undone.
type Field uint8

// The fields of a profile. Their order is the order of plans and reports. A new
// one goes to the end, since stored digests hold their numbers
// (reconcile/ADDING.md "The constant").
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

// Owner says who may change a field; nobody else can.
type Owner string

// The owners of fields.
const (
	OwnedByODS    Owner = "ods"
	OwnedByERS    Owner = "ers"
	OwnedByEditor Owner = "editor"
	OwnedByDesk   Owner = "desk" // the service desk
)

// definition describes a field.
type definition struct {
	name     string // in plans, the audit, JSON and commands
	owner    Owner
	stored   storage
	register register
	noise    noise
	fact     Field  // the field that names the fact it is a part of; none for a fact by itself
	dosName  string // its name for DoS leads, in reports
	label    string // for people
}

// storage is where the database keeps a field.
type storage uint8

const (
	inColumn storage = iota // of the profile, named as the field with _ for -
	inRows                  // of a table of its own: each is audited as JSON
	inChecks                // of sections, which do not change the profile
)

// register is what the organisation register does to a field.
type register uint8

const (
	silent   register = iota // nothing, or has rules of its own, like the status
	followed                 // the profile must agree with it after every run
	seeding                  // it fills a new profile, but never changes it later
)

// definitions is the one list of fields (RULES.md "Who owns which field").
// Everything that can be derived from a row is; reconcile/ADDING.md "A field"
// lists the other places that mention each field, and a test names those that
// miss one.
var definitions = [numFields]definition{
	FieldName: {
		name: "name", owner: OwnedByODS, register: followed, noise: ofNames, dosName: "publicname", label: "Name",
	},
	FieldAddress: {
		name: "address", owner: OwnedByODS, register: followed, noise: ofAddresses, dosName: "postaladdress", label: "Address",
	},
	FieldPostcode: {
		name: "postcode", owner: OwnedByODS, register: followed, noise: ofSpacing, fact: FieldAddress,
		dosName: "postalcode", label: "Postcode",
	},
	FieldType:   {name: "type", owner: OwnedByODS, register: followed, dosName: "type", label: "Type"},
	FieldRoles:  {name: "roles", owner: OwnedByODS, register: followed, noise: ofRoles, dosName: "roles", label: "Roles"},
	FieldStatus: {name: "status", owner: OwnedByODS, dosName: "cmsorgstatus", label: "Status"},
	FieldParent: {name: "parent", owner: OwnedByODS, register: followed, noise: ofSpacing, dosName: "parent", label: "Run by"},
	FieldCommissioner: {
		name: "commissioner", owner: OwnedByODS, register: followed, noise: ofSpacing, dosName: "commissioner", label: "Commissioner",
	},
	FieldICB: {
		name: "icb", owner: OwnedByODS, register: followed, noise: ofSpacing, dosName: "icb", label: "Integrated care board",
	},
	FieldRegion: {
		name: "region", owner: OwnedByODS, register: followed, noise: ofSpacing, fact: FieldICB, dosName: "region", label: "Region",
	},
	FieldSuccessor: {
		name: "successor", owner: OwnedByODS, register: followed, noise: ofSpacing, dosName: "successor", label: "Successor",
	},
	FieldPhone: {
		name: "phone", owner: OwnedByEditor, register: seeding, noise: ofPhones, dosName: "cmstelephoneno", label: "Telephone",
	},
	FieldEmail:   {name: "email", owner: OwnedByEditor, noise: ofSpacing, dosName: "email", label: "E-mail"},
	FieldWebsite: {name: "website", owner: OwnedByEditor, register: seeding, noise: ofWebsites, dosName: "cmsurl", label: "Website"},

	FieldDescription: {name: "description", owner: OwnedByEditor, dosName: "description", label: "Description"},
	FieldHidden:      {name: "hidden", owner: OwnedByEditor, dosName: "hidden", label: "Hidden"},
	FieldOpeningTimes: {
		name: "opening-times", owner: OwnedByEditor, stored: inRows, noise: ofWeeks, dosName: "cmsopentime", label: "Opening hours",
	},
	FieldDatedOpeningTimes: {
		name: "dated-opening-times", owner: OwnedByEditor, stored: inRows, noise: ofDates,
		dosName: "cmsopentimespecified", label: "Opening hours on a date",
	},
	FieldFacilities: {
		name: "facilities", owner: OwnedByEditor, stored: inRows, noise: ofFacilities, dosName: "facilities", label: "Facility",
	},
	FieldServices: {
		name: "services", owner: OwnedByEditor, stored: inRows, noise: ofServices, dosName: "cmssgsdid", label: "Service",
	},
	FieldERSServices: {name: "ers-services", owner: OwnedByERS, stored: inRows, dosName: "ers-services", label: "e-Referral service"},
	// Our own writes never count as a check.
	FieldChecks: {name: "checks", owner: OwnedByEditor, stored: inChecks, dosName: "checks", label: "checks"},
	FieldKind:   {name: "kind", owner: OwnedByDesk, dosName: "kind", label: "Hospital or clinic"},
	FieldServiceTexts: {
		name: "service-texts", owner: OwnedByEditor, stored: inRows, dosName: "service-texts", label: "Text beside a service",
	},
}

// Fields lists every field in order.
func Fields() []Field {
	fields := make([]Field, 0, numFields-1)
	for f := NoField + 1; f < numFields; f++ {
		fields = append(fields, f)
	}
	return fields
}

// ParseField returns the field with the name that plans, audit and JSON use.
func ParseField(name string) (Field, error) {
	for f, row := range definitions {
		if row.name == name && name != "" {
			return Field(f), nil
		}
	}
	return NoField, fmt.Errorf("field %q: no profile has it", name)
}

func (f Field) String() string { return definitions[f].name }

// Owner returns who may change the field.
func (f Field) Owner() Owner { return definitions[f].owner }

// Fact returns the field that names the fact this one is a part of: an address and
// its postcode are one fact, and so are a board and its region. The fields of a
// fact are withheld, applied, decided on, held and undone together
// (RULES.md "Facts go together").
func (f Field) Fact() Field {
	if fact := definitions[f].fact; fact != NoField {
		return fact
	}
	return f
}

// FollowsRegister reports whether the field of a profile must agree with the
// register. The status has rules of its own (RULES.md "Status decides").
func (f Field) FollowsRegister() bool { return definitions[f].register == followed }

// IsSeeded reports whether the register fills the field when it creates a profile.
func (f Field) IsSeeded() bool { return definitions[f].register != silent }

// InRows reports whether the field's values are rows of a table of their own, each
// audited as JSON.
func (f Field) InRows() bool { return definitions[f].stored == inRows }

// DoSName is the field's name for DoS leads, in reports
// (RULES.md "Report columns"). For weekly opening times a day is appended.
func (f Field) DoSName() string { return definitions[f].dosName }

// Label is what reports call the field.
func (f Field) Label() string { return definitions[f].label }
