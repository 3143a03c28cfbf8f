package settings

import (
	"errors"
	"regexp"
	"strings"

	"github.com/profilesync/profilesync/connectors/postgres/roles"
)

// Roles are the names of the database's roles.
func (s *Settings) Roles() roles.Names {
	return roles.Names{Owner: s.RoleOwner, Daemon: s.RoleDaemon, Editor: s.RoleEditor, Reader: s.RoleReader, Console: s.RoleConsole}
}

var roleName = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,62}$`)

// checkRoles wants five names of ordinary roles, all different.
func (s *Settings) checkRoles() error {
	var errs []error
	taken := make(map[string]string)
	for _, r := range []struct{ setting, name string }{
		{"ROLE_OWNER", s.RoleOwner},
		{"ROLE_DAEMON", s.RoleDaemon},
		{"ROLE_EDITOR", s.RoleEditor},
		{"ROLE_READER", s.RoleReader},
		{"ROLE_CONSOLE", s.RoleConsole},
	} {
		if r.name == "" {
			continue // why it could not be read is said elsewhere
		}
		if !roleName.MatchString(r.name) || strings.HasPrefix(r.name, "pg_") || r.name == "public" {
			errs = append(errs, Wrong(r.setting, "=%s: want a name of small letters, digits, _ and -, not pg_... or public", r.name))
		} else if taken[r.name] != "" {
			errs = append(errs, Wrong(r.setting, "=%s: PROFILESYNC_%s is the same role", r.name, taken[r.name]))
		}
		taken[r.name] = r.setting
	}
	return errors.Join(errs...)
}
