package website_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/connectors/website"
	"github.com/profilesync/profilesync/connectors/website/websitetest"
)

// BenchmarkPush measures one push over loopback, connector and simulator together;
// use -cpu 1 for one core.
func BenchmarkPush(b *testing.B) {
	_, address := websitetest.Start(b, websitetest.Options{})
	sink, err := website.New(website.Options{URL: address, Limits: httpx.Limits{PerSecond: 1e6}})
	require.NoError(b, err)
	var version string
	for sequence := int64(1); b.Loop(); sequence++ {
		receipt, err := sink.Push(b.Context(), delivery("FA123", sequence, version))
		require.NoError(b, err)
		version = receipt.Version
	}
}
