package ers_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ers"
	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/connectors/internal/apim/apimtest"
	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

// simulated returns an API for a simulator with authentication and two organisations.
func simulated(t *testing.T, o erstest.Options) (*ers.API, *erstest.Server) {
	t.Helper()
	o.World = erstest.NewWorld(7, []erstest.Site{{Code: "R1A01"}, {Code: "R1A02"}, {Code: "R2B01"}}, 17)
	o.Clients = []erstest.Client{{ID: "one", KeyID: "k"}, {ID: "two", KeyID: "k"}}
	server, base := erstest.Start(t, o)
	key := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(apimtest.Key())}))
	var credentials []ers.Credential
	for _, client := range o.Clients {
		tokens, err := ers.Application{
			TokenURL: erstest.Root(base) + erstest.TokenPath, ClientID: client.ID, KeyID: client.KeyID, PrivateKey: key,
		}.Tokens()
		require.NoError(t, err)
		credentials = append(credentials, ers.Credential{Name: client.ID, Tokens: tokens})
	}
	api, err := ers.New(ers.Options{
		URL: base, Credentials: credentials, Turn: func(context.Context, string) error { return nil },
		Limits: httpx.Limits{Backoff: time.Millisecond, Timeout: 5 * time.Second, Trip: 1000},
	})
	require.NoError(t, err)
	return api, server
}

// TestSimulator: ids from the extract, details by batch, whatever the shape.
func TestSimulator(t *testing.T) {
	t.Parallel()
	api, server := simulated(t, erstest.Options{Type: erstest.TypeMixed, Extras: true})
	world := server.World()
	zip := world.Extract(profile.NewDate(2026, 10, 31))
	extract, err := ers.OpenExtract("EBSX05_202610.zip", bytes.NewReader(zip), int64(len(zip)), ers.Columns{})
	require.NoError(t, err)
	sites := make(map[services.ID][]profile.ODSCode)
	var ids []services.ID
	for row, err := range extract.Rows() {
		require.NoError(t, err)
		ids = append(ids, row.ID)
		sites[row.ID] = append(sites[row.ID], row.Site)
	}
	require.NotEmpty(t, ids)
	require.NoError(t, world.Remove(ids[0]))
	require.NoError(t, world.Hide(ids[1]))
	require.NoError(t, world.Hide(ids[2], "one"))

	found, err := api.Services(t.Context(), ids)
	require.NoError(t, err)
	require.Equal(t, []services.ID{ids[0]}, found.Absent)
	require.Equal(t, []services.ID{ids[1]}, found.NotVisible)
	require.Empty(t, found.Refused)
	require.Empty(t, found.Unreadable)
	require.Empty(t, found.Unasked)
	require.Equal(t, "two", found.SeenBy[ids[2]])
	for _, s := range found.Services {
		there, ok := world.Service(s.ID)
		require.True(t, ok)
		require.Equal(t, there.Canonical(), s)
		require.ElementsMatch(t, s.Sites, slices.Compact(slices.Sorted(slices.Values(sites[s.ID]))))
		one, err := api.Service(t.Context(), s.ID)
		require.NoError(t, err)
		require.Equal(t, s, one)
		version, err := api.Version(t.Context(), s.ID)
		require.NoError(t, err)
		require.Equal(t, s.Version, version)
	}
	for _, kind := range []ers.CodeKind{ers.Specialties, ers.ClinicTypes, ers.Priorities} {
		system, err := api.CodeSystem(t.Context(), kind)
		require.NoError(t, err)
		require.Len(t, system.Concepts, len(world.Concepts(string(kind))))
	}
}

// TestSimulatorFaults: no fault leads to a wrong result, and every error says what to
// do.
func TestSimulatorFaults(t *testing.T) {
	t.Parallel()
	api, server := simulated(t, erstest.Options{})
	ids := server.World().IDs()[:3]
	for _, name := range erstest.FaultNames() {
		for _, times := range []int{1, -1} {
			server.Heal()
			server.Fault(simulate.Fault{Names: []simulate.Name{name}, Times: times, Kinds: []erstest.Kind{erstest.Search, erstest.GetService}})
			found, err := api.Services(t.Context(), ids)
			if err == nil {
				require.Equal(t, 3, len(found.Services)+len(found.Absent)+len(found.NotVisible)+len(found.Refused)+len(found.Unreadable), name)
				continue
			}
			require.Equal(t, ers.Found{}, found, name)
			var failure *ers.Error
			require.ErrorAs(t, err, &failure, name)
			require.NotEmpty(t, failure.CorrelationID, name)
		}
	}
	server.Heal()
	found, err := api.Services(t.Context(), ids)
	require.NoError(t, err)
	require.Len(t, found.Services, 3)
}
