package runtext_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
)

func TestServicesAreShownByWhatDiffers(t *testing.T) {
	t.Parallel()
	const clinic = `{"name":"Clinic","kind":"Day case","hours":"Mon","contacts":[{"purpose":"PATINF","system":"phone","value":"0113"}]}`
	for name, c := range map[string]struct{ field, before, after, shown, was, is string }{
		"a field":   {"name", "Boots", "Well", "name", "Boots", "Well"},
		"a new one": {"ers-services/7", "", clinic, "service 7, Clinic", "-", "shown"},
		"a mark":    {"ers-services/7", "", "2026-11-01", "service 7", "-", "missing since 2026-11-01"},
		"a withdrawal": {
			"ers-services/7", clinic,
			`{"name":"Clinic","kind":"Day case","hours":"Mon","contacts":[{"purpose":"PATINF","system":"phone","value":"0113"}],` +
				`"withdrawn":true}`,
			"service 7, Clinic", "shown", "withdrawn",
		},
		"a move": {"ers-services/7", clinic[:len(clinic)-1] + `,"moved_from":"RAA01"}`, clinic, "service 7, Clinic", "at RAA01", "shown"},
		"another name": {
			"ers-services/7", clinic, `{"name":"Ward","kind":"Day case","hours":"Tue","contacts":[]}`,
			"service 7, Ward", "name Clinic; hours Mon; contacts 0113", "name Ward; hours Tue; contacts",
		},
	} {
		shown, was, is := runtext.Change(c.field, c.before, c.after)
		require.Equal(t, [3]string{c.shown, c.was, c.is}, [3]string{shown, was, is}, name)
	}
}
