package serve

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/postgres"
)

// Operators are told how many connections a daemon holds besides its main pool.
func TestTheDocumentsSayHowManyConnectionsADaemonHolds(t *testing.T) {
	t.Parallel()
	held := controlConnections + pushConnections + apiConnections + postgres.ReportsAtOnce +
		2*postgres.QueueConnections // for the jobs, and for the console's pages of jobs
	for file, says := range map[string][]string{
		"../../../README.md":                  {"(%d for each daemon, and its main pool)", "at most %d connections besides its main pool"},
		"../ops/runbook/connections-short.md": {"at most %d besides its main pool"},
	} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, said := range says {
			require.Contains(t, string(text), fmt.Sprintf(said, held), file)
		}
	}
}
