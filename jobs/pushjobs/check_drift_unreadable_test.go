package pushjobs

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

type notedDrift struct{ seen, partly []profile.ODSCode }

func (*notedDrift) Page(context.Context, profile.OrgType, profile.ODSCode, int) ([]push.Push, error) {
	return nil, nil
}

func (n *notedDrift) Found(_ context.Context, _ []push.Drifted, seen, partly []profile.ODSCode) error {
	n.seen, n.partly = seen, partly
	return nil
}

func (*notedDrift) End(_ context.Context, r push.DriftResult, _ bool) (push.DriftResult, error) {
	return r, nil
}

// Where one field makes no sense and all others are right, earlier repairs had an effect:
// otherwise the profile is given up for good after three repairs, however far apart. If
// another field differs, or nothing could be read, they may have had none.
func TestAnUnreadableFieldDoesNotKeepCountingRepairs(t *testing.T) {
	t.Parallel()
	phone := []push.Unreadable{{Part: "service 1, phone", Reason: "it is missing"}}
	noted := notedDrift{}
	c := DriftChecker{Progress: func(int) {}}
	require.NoError(t, c.found(t.Context(), &noted, []push.Drifted{
		{Code: "FA001", Unreadable: phone},
		{Code: "FA002", Unreadable: phone, Differences: []push.Difference{{Field: profile.FieldName}}},
		{Code: "FA003", Unreadable: []push.Unreadable{{Reason: "nonsense"}}},
		{Code: "FA004", Unreadable: phone, Missing: true},
		{Code: "FA005"},
	}, &push.DriftResult{}))
	require.Equal(t, []profile.ODSCode{"FA001"}, noted.partly)
	require.Equal(t, []profile.ODSCode{"FA005"}, noted.seen)
}
