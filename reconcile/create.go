package reconcile

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
