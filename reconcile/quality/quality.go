package quality

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Kind is one of the quality checks.
type Kind string

// The quality checks. The first two look at the profile, the others at DoS.
const (
	InvalidHours         Kind = "invalid-hours"     // lines of opening times that cannot be read
	OverlappingHours     Kind = "overlapping-hours" // periods of a day that overlap
	NoDoSPlace           Kind = "no-dos-place"      // a service is offered and DoS has no record that can show it
	MissingServiceType   Kind = "missing-service-type"
	DuplicateServiceType Kind = "duplicate-service-type"
	GenericBankHoliday   Kind = "generic-bank-holiday" // hours for bank holidays in general
	OpenAllHours         Kind = "open-all-hours"       // a mark that overrides the weekly hours
	GoneButActive        Kind = "gone-but-active"      // the profile is closed or hidden
	InvalidDoSHours      Kind = "invalid-dos-hours"
	OverlappingDoSHours  Kind = "overlapping-dos-hours"
	PostcodeUnknown      Kind = "postcode-unknown" // DoS did not take it
	Contradiction        Kind = "contradiction"    // the website and DoS differ, and nobody stated what is right
	WrongZCode           Kind = "wrong-z-code"     // a code pair of another type of service
)

// Owner is who must act on a finding.
type Owner string

// The owners.
const (
	OwnerPharmacy    Owner = "pharmacy"
	OwnerDoSLead     Owner = "dos-lead"
	OwnerServiceDesk Owner = "service-desk"
)

// definition is one quality check.
type definition struct {
	kind   Kind
	owner  Owner
	advice string
}

// definitions hold every check, in the order of lists.
var definitions = []definition{
	{InvalidHours, OwnerPharmacy, "Correct these lines of the profile's opening times: they cannot be sent."},
	{OverlappingHours, OwnerPharmacy, "Correct these lines of the profile's opening times: they are sent as one period."},
	{NoDoSPlace, OwnerDoSLead, "Create this type of service in DoS, or have the service removed from the profile if it is not offered."},
	{MissingServiceType, OwnerDoSLead, "Create or reopen this type of service in DoS under the pharmacy's code."},
	{DuplicateServiceType, OwnerDoSLead, "Close all but one of these services in DoS."},
	{GenericBankHoliday, OwnerDoSLead, "Remove the hours for bank holidays in general from this service in DoS: pushes state each date."},
	{OpenAllHours, OwnerDoSLead, "Take the mark \"open all hours\" off this service in DoS: it overrides the weekly hours."},
	{GoneButActive, OwnerDoSLead, "Close this service in DoS, or tell the service desk why it is still open: no push closes it."},
	{InvalidDoSHours, OwnerDoSLead, "Correct the opening times of this service in DoS, or have them stated in the profile."},
	{OverlappingDoSHours, OwnerDoSLead, "Correct the opening times of this service in DoS, or have them stated in the profile."},
	{PostcodeUnknown, OwnerServiceDesk, "Have the postcode added to the locations of DoS or corrected in the register; then push again."},
	{Contradiction, OwnerPharmacy, "State in the profile which is right: nobody has stated it, so neither is corrected."},
	{WrongZCode, OwnerDoSLead, "Remove this code from the service in DoS: it belongs to another type of service."},
}

// Kinds lists every check, in the order of lists.
func Kinds() []Kind {
	kinds := make([]Kind, len(definitions))
	for i, d := range definitions {
		kinds[i] = d.kind
	}
	return kinds
}

// Owners lists every owner.
func Owners() []Owner { return []Owner{OwnerPharmacy, OwnerDoSLead, OwnerServiceDesk} }

// ParseKind returns the check with a name, or an error that lists the checks.
func ParseKind(name string) (Kind, error) {
	if kinds := Kinds(); !slices.Contains(kinds, Kind(name)) {
		return "", fmt.Errorf("quality check %q: want one of %v", name, kinds)
	}
	return Kind(name), nil
}

// ParseOwner returns the owner with a name, or an error that lists the owners.
func ParseOwner(name string) (Owner, error) {
	if owners := Owners(); !slices.Contains(owners, Owner(name)) {
		return "", fmt.Errorf("owner %q: want one of %v", name, owners)
	}
	return Owner(name), nil
}

// Owner returns who must act on what the check finds.
func (k Kind) Owner() Owner { return k.definition().owner }

// Advice says what to do about what the check finds, in one sentence for people.
func (k Kind) Advice() string { return k.definition().advice }

func (k Kind) definition() definition {
	if at := slices.IndexFunc(definitions, func(d definition) bool { return d.kind == k }); at >= 0 {
		return definitions[at]
	}
	return definition{}
}

// Finding is what a check found. Code, Kind, Service and About say which finding it
// is; its detail may change while it lasts.
type Finding struct {
	Code    profile.ODSCode `json:"code"`
	Kind    Kind            `json:"kind"`
	Service string          `json:"service,omitempty"` // of DoS, such as "service 123 (type 148)"; empty: the pharmacy
	About   string          `json:"about,omitempty"`   // a field, a type of service or a code of a service
	Detail  string          `json:"detail"`            // for people: what is shown, and what is stated
}

// Text says what was found, and what it is about.
func (f Finding) Text() string {
	if f.About == "" {
		return f.Detail
	}
	return f.About + ": " + f.Detail
}

// Compare orders findings by code, kind, service and what they are about.
func (f Finding) Compare(other Finding) int {
	return cmp.Or(cmp.Compare(f.Code, other.Code), cmp.Compare(f.Kind, other.Kind),
		cmp.Compare(f.Service, other.Service), cmp.Compare(f.About, other.About))
}

// Facts are what we know of one pharmacy.
type Facts struct {
	Desired push.DesiredState
	// Accepted are the values of the last push that DoS accepted, if it has had time
	// to apply it and nothing was sent since; otherwise they state nothing.
	Accepted profile.Values
	// Website holds what the website shows; nil if it could not be read.
	Website *profile.Values
}

// Code returns the pharmacy's code.
func (f Facts) Code() profile.ODSCode { return f.Desired.Profile.Code }

// Checked is the result of the checks of one pharmacy.
type Checked struct {
	Code     profile.ODSCode
	Findings []Finding // sorted, each once
	// Expected says that DoS was read and should show the pharmacy, Shown that it shows
	// a service of it.
	Expected, Shown bool
	// Unchecked are the checks that could not be made: what they found before stays.
	Unchecked []Kind
	// Unreadable says why DoS could not be read for this pharmacy, which leaves all
	// that it shows unchecked; empty if it was read.
	Unreadable string
}

// State is how a quality check of the estate ended.
type State string

// The states.
const (
	Done  State = "done"
	Alarm State = "alarm" // DoS shows so little that nothing was stored
	// Failed is a check that could not be finished: nothing was stored.
	Failed State = "failed"
)

// Result is what a check of the estate came to.
type Result struct {
	Check      int64  `json:"check"`
	State      State  `json:"state"`
	Checked    int    `json:"checked"`    // pharmacies
	Unreadable int    `json:"unreadable"` // pharmacies that DoS could not be read for
	Open       int    `json:"open"`       // findings, with those that could not be checked again
	New        int    `json:"new"`
	Gone       int    `json:"gone"`
	Reason     string `json:"reason,omitempty"`
}

// alarmFloor is how many pharmacies may always be missing from DoS.
const alarmFloor = 10

// Conclude counts what was checked. If DoS shows no service of more than half of the
// pharmacies, and of more than ten, DoS must be at fault, and nothing may be stored.
func Conclude(all []Checked) Result {
	r := Result{State: Done, Checked: len(all)}
	expected, missing := 0, 0
	for _, c := range all {
		if c.Unreadable != "" {
			r.Unreadable++
		}
		if c.Expected {
			expected++
			if !c.Shown {
				missing++
			}
		}
	}
	if missing > alarmFloor && missing > expected/2 {
		r.State = Alarm
		r.Reason = fmt.Sprintf("DoS shows no service of %d of %d pharmacies: nothing is stored until a person has looked", missing, expected)
	}
	return r
}
