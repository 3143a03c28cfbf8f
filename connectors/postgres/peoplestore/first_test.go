package peoplestore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func TestUrgentLettersAreClaimedFirst(t *testing.T) {
	t.Parallel()
	m := newMailed(t, 3)
	m.makeDue(3)
	m.Exec("insert into letter (reference, kind, account_id) select 'case/1/1/u-' || id, 'case-urgent', id from account where id = 2")
	box, err := m.store.Outbox(t.Context())
	require.NoError(t, err)
	defer box.Close()
	letters, err := box.Claim(t.Context(), 1, 3, []people.LetterKind{}, m.today)
	require.NoError(t, err)
	require.Len(t, letters, 1)
	require.Equal(t, "case/1/1/u-2", letters[0].Reference)
}

func TestAnAddressThatDoesNotExistReachesNobody(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	c.person("ann", "2026-10-01", "FA001", "editor", "FA002", "editor")
	bob := c.person("bob", "2026-10-01", "FA001", "editor")
	unreached := func() (codes []profile.ODSCode) {
		orgs, err := c.store.Unreached(t.Context(), []profile.OrgType{profile.Pharmacy}, 10)
		require.NoError(t, err)
		for _, o := range orgs {
			codes = append(codes, o.Code)
		}
		return codes
	}
	require.Empty(t, unreached())
	c.Exec("update account set dead_at = now() where id <> $1", int64(bob))
	require.Equal(t, []profile.ODSCode{"FA002"}, unreached())
	c.Exec("update account set dead_at = now()")
	require.Equal(t, []profile.ODSCode{"FA001", "FA002"}, unreached())
}
