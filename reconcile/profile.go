package reconcile

// Status is the state of a profile. Dormant profiles stay and are marked;
// nothing is ever deleted.
type Status string

// The states of a profile.
const (
	StatusOpen    Status = "open"
	StatusDormant Status = "dormant"
	StatusClosed  Status = "closed"
)

// Profile is our local record of one organisation or site.
type Profile struct {
	Code   ODSCode
	Values Values
}

// Status returns the state the profile is in.
func (p Profile) Status() Status { return Status(p.Values.Get(FieldStatus)) }

// Type returns the kind of organisation the profile describes.
func (p Profile) Type() OrgType { return OrgType(p.Values.Get(FieldType)) }

// seeded are the fields a new profile takes from the register: those that ODS
// owns, and the editors' own that ODS may fill while they are still empty.
var seeded = []Field{
	FieldName, FieldAddress, FieldPostcode, FieldType, FieldRoles, FieldParent,
	FieldCommissioner, FieldICB, FieldRegion, FieldSuccessor, FieldPhone, FieldWebsite,
}

// compared are the fields in which a profile must agree with the register;
// status has rules of its own.
var compared = seeded[:10]

// created is the profile that a record starts.
func created(r Record) Profile {
	p := Profile{Code: r.Code}
	p.Values.Set(FieldStatus, string(StatusOpen))
	for _, f := range seeded {
		if r.Values.States(f) {
			p.Values.Set(f, displayed(f, r.Values.Get(f)))
		}
	}
	return p
}

// displayed turns a register's value into the one people read.
func displayed(f Field, value string) string {
	switch f {
	case FieldName:
		return DisplayName(value)
	case FieldAddress:
		return DisplayAddress(value)
	default:
		return value
	}
}
