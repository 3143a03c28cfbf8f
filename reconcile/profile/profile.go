package profile

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
