package profilepages

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
)

// What changed of a row is seen, also where a push does not read it.
func TestBothValuesOfAChangeDiffer(t *testing.T) {
	t.Parallel()
	for _, hours := range []string{"09:00-17:00", "09:00-18:00"} {
		before, after := valuesOf(postgres.Audited{
			Field: "ers-services/1", Old: `{"external_id": "1", "name": "Dermatology", "hours": "09:00-17:00"}`,
			New: `{"external_id": "1", "name": "Dermatology", "hours": "` + hours + `"}`,
		})
		require.Equal(t, hours == "09:00-17:00", before == after, "%s, %s", before, after)
	}
	before, after := valuesOf(postgres.Audited{
		Field: "ers-services/1", Old: `{"external_id": "1", "name": "Dermatology", "withdrawn": false}`,
		New: `{"external_id": "1", "name": "Dermatology", "withdrawn": true}`,
	})
	require.Contains(t, before, `"withdrawn": false`)
	require.Contains(t, after, `"withdrawn": true`)
	before, after = valuesOf(postgres.Audited{Field: "phone", Old: "0113 496 0001", New: "0113 496 0002"})
	require.Equal(t, [2]string{"0113 496 0001", "0113 496 0002"}, [2]string{before, after})
}
