package website

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile"
)

// Services of the e-Referral Service stand among the others, by their numbers.
func TestReferralServicesAreSentAndReadBack(t *testing.T) {
	t.Parallel()
	var v reconcile.Values
	v.Set(reconcile.FieldServices, "- Chapel\nSRV0560 Blood pressure check")
	v.Set(reconcile.FieldERSServices, "11002 Heart clinic\n9 Ears")
	general, urgent := services(v)
	require.Len(t, general, 4)
	require.Equal(t, "11002", *general[2].ServiceCode)
	var back reconcile.Values
	readServices(general, urgent, &back)
	require.Equal(t, v.Get(reconcile.FieldServices), back.Get(reconcile.FieldServices))
	require.Equal(t, v.Get(reconcile.FieldERSServices), back.Get(reconcile.FieldERSServices))
	for _, of := range reconcile.OrgTypes() {
		hospital := of == reconcile.Trust || of == reconcile.TrustSite
		require.Equal(t, hospital, fields(of)[len(fields(of))-1] == reconcile.FieldERSServices, of)
	}
}
