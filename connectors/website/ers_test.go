package website

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// Services of the e-Referral Service are listed among the others, by their numbers.
func TestReferralServicesAreSentAndReadBack(t *testing.T) {
	t.Parallel()
	var v profile.Values
	v.Set(profile.FieldServices, "- Chapel\nSRV0560 Blood pressure check")
	v.Set(profile.FieldERSServices, "11002 Heart clinic\n9 Ears")
	general, urgent := serviceLists(v)
	require.Len(t, general, 4)
	require.Equal(t, "11002", *general[2].ServiceCode)
	var back profile.Values
	readServices(general, urgent, &back)
	require.Equal(t, v.Get(profile.FieldServices), back.Get(profile.FieldServices))
	require.Equal(t, v.Get(profile.FieldERSServices), back.Get(profile.FieldERSServices))
	for _, of := range profile.OrgTypes() {
		hospital := of == profile.Trust || of == profile.TrustSite
		require.Equal(t, hospital, fields(of)[len(fields(of))-1] == profile.FieldERSServices, of)
	}
}
