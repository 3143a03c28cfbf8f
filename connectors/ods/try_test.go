package ods_test

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func TestTryingTheRegister(t *testing.T) {
	t.Parallel()
	world, err := odstest.NewWorld(odstest.WorldOptions{
		Seed: 7, APIKey: "hush-key", Day: profile.NewDate(2026, 3, 2), Counts: map[string]int{"etr": 5},
	})
	require.NoError(t, err)
	server := httptest.NewServer(world.Handler())
	t.Cleanup(server.Close)
	downloads, err := ods.NewDownloads(ods.DownloadOptions{URL: server.URL})
	require.NoError(t, err)
	require.NoError(t, downloads.Try(t.Context(), "etr"))

	try := func(key string) error {
		api, err := ods.NewAPI(ods.APIOptions{URL: server.URL + odstest.FHIRPath, Key: func() (string, error) { return key, nil }})
		require.NoError(t, err)
		return api.Try(t.Context())
	}
	require.NoError(t, try("hush-key"))
	var refused interface{ Unauthorized() bool }
	require.ErrorAs(t, try("hush-old"), &refused)
	require.True(t, refused.Unauthorized())
	require.NotContains(t, try("hush-old").Error(), "hush")
}
