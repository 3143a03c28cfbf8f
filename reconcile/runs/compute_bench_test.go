package runs_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// listing is a register of that many pharmacies in real form, profiles that
// agree with it, and every tenth record with news in one field.
func listing(size int) runs.Input {
	in := runs.Input{AsOf: today, CountsAsLook: true, ProfileTypes: kept}
	for n := range size {
		base := pharmacy(
			coded(codeOf(n)),
			stating(profile.FieldName, fmt.Sprintf("ST MARY'S PHARMACY & HEALTH CENTRE %d", n)),
			stating(profile.FieldAddress, fmt.Sprintf("UNIT 4, THE PRECINCT\n%d UPPER HIGH STREET\nHEADINGLEY\nLEEDS\nWEST YORKSHIRE", n)),
			stating(profile.FieldRegion, "Y63"), stating(profile.FieldParent, "P08F"), stating(profile.FieldPhone, "0113 4960000"),
		)
		local := profiledAs(base)
		upstream := base
		if n%10 == 0 {
			f := []profile.Field{profile.FieldName, profile.FieldAddress, profile.FieldICB}[n/10%3]
			upstream.Values.Set(f, "9 NEW LANE\nYORK")
		}
		in.Items = append(in.Items, runs.Item{Upstream: upstream, Base: &base, Local: local})
	}
	return in
}

// The aim is 100,000 profiles a second on one core.
func BenchmarkCompute(b *testing.B) {
	const size = 10_000
	in := listing(size)
	require.Len(b, runs.Compute(in).Changes, size/10)
	b.ReportAllocs()
	for b.Loop() {
		runs.Compute(in)
	}
	b.ReportMetric(float64(size)*float64(b.N)/b.Elapsed().Seconds(), "profiles/s")
}
