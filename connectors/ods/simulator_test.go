package ods_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/register"
	"github.com/profilesync/profilesync/connectors/internal/simulate"
	"github.com/profilesync/profilesync/connectors/ods"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/reconcile/profile"
)

func simulator(t *testing.T, size int, o odstest.Options) (*odstest.Server, *ods.Downloads, *ods.API) {
	t.Helper()
	server, address := odstest.Start(t, register.New(register.Options{Seed: 7, Size: size}), o)
	d, err := ods.NewDownloads(ods.DownloadOptions{URL: address, Limits: quick})
	require.NoError(t, err)
	api, err := ods.NewAPI(ods.APIOptions{
		URL: address + odstest.FHIRPath, Limits: quick, PageSize: 100,
		Key: func() (string, error) { return o.APIKey, nil },
	})
	require.NoError(t, err)
	return server, d, api
}

func pulled(t *testing.T, d *ods.Downloads, report string) map[profile.ODSCode]profile.Record {
	t.Helper()
	listing, _, err := d.Pull(t.Context(), report, "")
	require.NoError(t, err)
	defer listing.Close()
	records := map[profile.ODSCode]profile.Record{}
	for _, record := range recordsOf(t, listing) {
		records[record.Code] = record
	}
	return records
}

// TestRoutesAgree pulls the same register as files and from the API: what both
// state has to be the same, or the nightly listing would undo the deltas.
func TestRoutesAgree(t *testing.T) {
	t.Parallel()
	_, d, api := simulator(t, 1500, odstest.Options{Layout: register.DSE, APIKey: "k"})
	delta, err := api.Changes(t.Context(), profile.NewDate(1900, time.January, 1))
	require.NoError(t, err)
	defer delta.Close()
	changed := recordsByCode(t, delta)
	compared := 0
	for _, report := range []string{"edispensary", "epraccur", "egdpprac", "ebranchs", "etr", "ets", "eoptsite"} {
		for code, listed := range pulled(t, d, report) {
			record, there := changed[code.String()]
			if !there {
				require.Less(t, listed.Closed.String(), "2017-04-01", "%s of %s is not in the API", code, report)
				continue
			}
			compared++
			for _, field := range profile.Fields() {
				if listed.Values.States(field) && record.Values.States(field) && field != profile.FieldAddress {
					require.Equal(t, listed.Values.Get(field), record.Values.Get(field), "%s of %s in %s", field, code, report)
				}
			}
			require.Equal(t, listed.Opened, record.Opened, code)
			require.Equal(t, listed.Closed, record.Closed, code)
		}
	}
	require.Greater(t, compared, 1000)
}

func TestDeltaOfAChurnedRegister(t *testing.T) {
	t.Parallel()
	server, _, api := simulator(t, 3000, odstest.Options{APIKey: "k"})
	reg := server.Register()
	before := reg.AsOf()
	events := reg.ChurnAt(before.AddDays(3), []register.Rate{{Kind: register.Renaming, PerMonth: 50_000}})
	require.NotEmpty(t, events)
	delta, err := api.Changes(t.Context(), before)
	require.NoError(t, err)
	defer delta.Close()
	records := recordsByCode(t, delta)
	for _, event := range events {
		if o, _ := reg.Get(event.Code); o.Report == register.Dispensaries || o.Report == register.Practices {
			require.Contains(t, records, event.Code)
		}
	}
	require.True(t, delta.Newest().After(before))
}

func TestReloadInTheMiddleOfPaging(t *testing.T) {
	t.Parallel()
	server, _, api := simulator(t, 1500, odstest.Options{APIKey: "k"})
	server.Fault(simulate.Fault{Match: odstest.Path("/Organization"), Skip: 2, Do: func() { server.Shift(30) }})
	whole, err := api.Changes(t.Context(), profile.NewDate(1900, time.January, 1))
	require.NoError(t, err)
	defer whole.Close()
	server.Heal()
	again, err := api.Changes(t.Context(), profile.NewDate(1900, time.January, 1))
	require.NoError(t, err)
	defer again.Close()
	require.Equal(t, recordsByCode(t, again), recordsByCode(t, whole))
}

func TestFaultsOfTheAPI(t *testing.T) {
	t.Parallel()
	server, _, api := simulator(t, 300, odstest.Options{APIKey: "k"})
	for name, fault := range map[string]simulate.Fault{
		"overloaded":  simulate.Of(simulate.Error(503)),
		"rate limit":  simulate.Of(simulate.Throttled),
		"broken off":  {Names: []simulate.Name{simulate.Truncated}, CutAfter: 100},
		"in pieces":   {Names: []simulate.Name{simulate.Truncated}, CutAfter: 100, Chunked: true},
		"too costly":  {Match: odstest.Path("/Organization"), Names: []simulate.Name{simulate.Error(422)}},
		"other delay": {Names: []simulate.Name{simulate.Error(504)}, Times: 2},
	} {
		server.Heal()
		server.Fault(fault)
		delta, err := api.Changes(t.Context(), server.Register().AsOf().AddDays(-60))
		require.NoError(t, err, name)
		require.NoError(t, delta.Close())
	}
	server.Heal()
	server.Fault(simulate.Fault{
		Match: odstest.Path("/Organization"), Names: []simulate.Name{simulate.NextElsewhere}, NextHost: "https://elsewhere.example",
	})
	_, err := api.Changes(t.Context(), profile.NewDate(1900, time.January, 1))
	require.ErrorContains(t, err, "leads away")
}

func TestFaultsOfTheDownload(t *testing.T) {
	t.Parallel()
	server, d, _ := simulator(t, 2000, odstest.Options{})
	for name, fault := range map[string]simulate.Fault{
		"broken off": {Names: []simulate.Name{simulate.Truncated}, CutAfter: 5000},
		"in pieces":  {Names: []simulate.Name{simulate.Truncated}, CutAfter: 5000, Chunked: true},
	} {
		server.Fault(fault)
		_, _, err := d.Pull(t.Context(), "edispensary", "")
		require.Error(t, err, name)
	}
	listing, etag, err := d.Pull(t.Context(), "edispensary", "")
	require.NoError(t, err)
	require.NotEmpty(t, recordsOf(t, listing))
	require.NoError(t, listing.Close())
	_, _, err = d.Pull(t.Context(), "edispensary", etag)
	require.ErrorIs(t, err, ods.ErrNotModified)
}
