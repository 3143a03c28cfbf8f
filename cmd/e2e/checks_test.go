package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
)

func TestQualityChecksAreListedUntilTheyAreMended(t *testing.T) {
	t.Parallel()
	s, x := newSite(t).with("MODE=test").with("NOW=2026-11-20T03:30:00Z").withSinks()
	_, err := s.connect().Exec(t.Context(), `
		insert into profile (code, name, type) values ('FA001', 'Kirkham Pharmacy', 'pharmacy'), ('FA002', 'Otley Pharmacy', 'pharmacy');
		insert into service (code, source, nhs_code, name) values ('FA002', 'editor', 'SRV0560', 'NHS blood pressure check service');
		insert into push (code, sink, route, state, wanted_at)
			select code, 'dos', 'change-event', 'accepted', '2026-11-19 09:00+00' from profile`)
	require.NoError(t, err)
	x.dos.AddService(dostest.Service{ODSCode: "FA001", OpenAllHours: true, Weekly: "mon 09:00-17:30"})
	x.dos.AddService(dostest.Service{ODSCode: "FA002"})

	r := &transcript{t: t}
	r.says(s, 3, "checks", "run")
	r.says(s, 0, "checks", "list")
	r.says(s, 0, "checks", "list", "--owner", "dos-lead", "--code", "FA002", "--format", "json")
	r.says(s, 0, "checks", "list", "--owner", "pharmacy")
	r.says(s, 2, "checks", "list", "--kind", "opening-hours")
	r.says(s, 2, "checks", "list", "--owner", "nobody")
	r.says(s, 0, "profile", "show", "FA001")
	r.says(s, 0, "push", "list")
	r.says(s, 3, "checks", "run", "--format", "json")
	x.dos.Change("FA001", func(service *dostest.Service) { service.OpenAllHours = false })
	r.says(s, 0, "checks", "run", "--ods", "FA001")
	r.says(s, 0, "checks", "list", "--kind", "open-all-hours", "--all")
	x.dos.AddService(dostest.Service{ODSCode: "FA002BPS", Type: 148, Status: 3})
	r.says(s, 0, "checks", "run")
	r.says(s, 0, "checks", "list")
	r.says(newSite(t), 2, "checks", "run")
	r.is("checks.golden")
}
