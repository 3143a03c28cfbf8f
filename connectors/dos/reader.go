package dos

import (
	"context"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// reader reads the services of DoS whose ODS code begins with the given one. If some
// rows make no sense, it returns the others and badRowsError.
// byODSCode is the only implementation, and will be retired (CONTRACT.md "Reading back").
type reader interface {
	readServices(ctx context.Context, code profile.ODSCode) ([]Service, error)
	// fields lists the fields of services that it sees. Nothing is believed about any
	// other: drift calls them not visible, and a push that would overwrite one waits.
	fields() []profile.Field
}

func (*byODSCode) fields() []profile.Field { return eventFields() }

// eventFields lists the fields of services that a change event updates.
func eventFields() []profile.Field {
	return []profile.Field{
		profile.FieldAddress, profile.FieldPostcode, profile.FieldPhone, profile.FieldWebsite,
		profile.FieldOpeningTimes, profile.FieldDatedOpeningTimes, profile.FieldServices,
	}
}
