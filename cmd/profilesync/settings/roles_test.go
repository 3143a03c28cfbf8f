package settings

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesOfRoles(t *testing.T) {
	t.Parallel()
	good := Settings{RoleOwner: "owner", RoleDaemon: "daemon", RoleEditor: "editor", RoleReader: "reader", RoleConsole: "console-1"}
	require.NoError(t, good.checkRoles())
	for name, want := range map[string]string{
		"pg_all":   "PROFILESYNC_ROLE_READER=pg_all: want a name",
		"public":   "PROFILESYNC_ROLE_READER=public: want a name",
		"Reader":   "PROFILESYNC_ROLE_READER=Reader: want a name",
		`a"; drop`: "want a name",
		"daemon":   "PROFILESYNC_ROLE_READER=daemon: PROFILESYNC_ROLE_DAEMON is the same role",
	} {
		bad := good
		bad.RoleReader = name
		require.ErrorContains(t, bad.checkRoles(), want)
	}
}
