package report_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/report"
	"github.com/profilesync/profilesync/reconcile/runs"
)

var (
	today  = profile.NewDate(2026, time.November, 23)
	noon   = time.Date(2026, time.November, 20, 12, 0, 0, 0, time.UTC)
	before = noon.Add(-time.Hour)
	after  = noon.Add(time.Hour)
)

// cells returns the cells of a change by column name.
func cells(t require.TestingT, c report.AuditedChange) map[string]string {
	row, byName := c.Cells(today), map[string]string{}
	require.Len(t, row, len(report.ChangeColumns()))
	for i, column := range report.ChangeColumns() {
		byName[column.Name] = row[i]
	}
	return byName
}

func TestARowSaysEverything(t *testing.T) {
	t.Parallel()
	change := report.AuditedChange{
		ID: 7, Code: "FA001", Field: "phone", Old: new("0113 1"), New: new("0113 2"), Actor: "u-4711", At: noon,
		Name: "Boots", Type: profile.Pharmacy, ICB: "QWO", ICBName: "West Yorkshire", RegionName: "North",
		Account: people.KindMember, Role: people.RoleEditor,
		DoS:     report.PushStanding{State: push.Accepted, Accepted: after},
		Website: report.PushStanding{State: push.Wanted},
	}
	require.Equal(t, []string{
		"2026-11-23", "7", "QWO", "West Yorkshire", "North", "FA001", "Boots", "PHA", "", "13",
		"cmstelephoneno", "Telephone", "modify", "0113 1", "0113 2", "2026-11-20T12:00:00Z", "u-4711", "Organisation editor",
		"PROFILE_MANAGER", "NOT_REQUIRED", "", "", "ACCEPTED", "2026-11-20T13:00:00Z", "PENDING", "", "",
	}, change.Cells(today))
	change.ICBName, change.Run = "", 12
	row := cells(t, change)
	require.Equal(t, "QWO", row["icb_name"], "a board without a known name")
	require.Equal(t, runs.ID(12).String(), row["correlation_id"])
}

// The names that DoS leads know are a promise to them (RULES.md "Report columns").
func TestFieldsHaveTheNamesThatLeadsKnow(t *testing.T) {
	t.Parallel()
	names := map[string][2]string{
		"name": {"publicname", "Name"}, "address": {"postaladdress", "Address"}, "postcode": {"postalcode", "Postcode"},
		"type": {"type", "Type"}, "roles": {"roles", "Roles"}, "status": {"cmsorgstatus", "Status"}, "parent": {"parent", "Run by"},
		"commissioner": {"commissioner", "Commissioner"}, "icb": {"icb", "Integrated care board"}, "region": {"region", "Region"},
		"successor": {"successor", "Successor"}, "phone": {"cmstelephoneno", "Telephone"}, "email": {"email", "E-mail"},
		"website": {"cmsurl", "Website"}, "description": {"description", "Description"}, "hidden": {"hidden", "Hidden"},
		"kind": {"kind", "Hospital or clinic"}, "dated-opening-times": {"cmsopentimespecified", "Opening hours on a date"},
		"facilities": {"facilities", "Facility"}, "services": {"cmssgsdid", "Service"},
		"ers-services": {"ers-services", "e-Referral service"}, "service-texts": {"service-texts", "Text beside a service"},
		"checks": {"checks", "checks"}, "profile": {"profile", "New profile"}, "of old": {"of old", "of old"},
	}
	for _, f := range profile.Fields() {
		require.True(t, f == profile.FieldOpeningTimes || names[f.String()] != [2]string{}, f.String())
	}
	for field, want := range names {
		change := report.AuditedChange{Field: field, Old: new("{}"), New: new("{}")}
		row := cells(t, change)
		require.Equal(t, want, [2]string{row["field"], row["field_label"]}, field)
		require.Equal(t, want[1], change.Label(), field)
	}
}

func TestOpeningHoursAreNamedByTheirDay(t *testing.T) {
	t.Parallel()
	for day, want := range map[string][2]string{
		"mon": {"cmsopentimemonday", "Opening hours: Monday"}, "sun": {"cmsopentimesunday", "Opening hours: Sunday"},
		"thu": {"cmsopentimethursday", "Opening hours: Thursday"}, "tue": {"cmsopentimetuesday", "Opening hours: Tuesday"},
		"wed": {"cmsopentimewednesday", "Opening hours: Wednesday"}, "fri": {"cmsopentimefriday", "Opening hours: Friday"},
		"sat":          {"cmsopentimesaturday", "Opening hours: Saturday"},
		"bank-holiday": {"cmsopentimebankholiday", "Opening hours: Bankholiday"},
	} {
		period := new(`{"day": "` + day + `", "opens": "09:00:00", "closes": "17:30:00"}`)
		for _, change := range []report.AuditedChange{
			{Field: "opening-times", New: period}, {Field: "opening-times", Old: period},
		} {
			row := cells(t, change)
			require.Equal(t, want, [2]string{row["field"], row["field_label"]}, day)
			require.Equal(t, "09:00-17:30", row["before"]+row["after"])
			require.Equal(t, "Opening hours", change.Label(), "one for all days")
		}
	}
}

func TestRowsOfPartsReadAsText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ field, row, want string }{
		"a date": {
			"dated-opening-times", `{"date": "2026-12-24", "opens": "09:00:00", "closes": "16:00:00"}`,
			"2026-12-24: 09:00-16:00",
		},
		"a closed date":       {"dated-opening-times", `{"date": "2026-12-25", "opens": null, "closes": null}`, "2026-12-25: closed"},
		"seconds that count":  {"opening-times", `{"day": "mon", "opens": "09:00:30", "closes": "17:00:00"}`, "09:00:30-17:00"},
		"up to midnight":      {"opening-times", `{"day": "mon", "opens": "22:00:00", "closes": "24:00:00"}`, "22:00-24:00"},
		"no word on it":       {"facilities", `{"name": "Toilet", "value": ""}`, "Toilet"},
		"letters as they are": {"ers-services", `{"name": "Heart <&> lung", "source": "ers"}`, "Heart <&> lung"},
		"a facility":          {"facilities", `{"name": "Parking", "value": "two places"}`, "Parking: two places"},
		"a service":           {"services", `{"name": "Travel clinic", "nhs_code": "SRV0001"}`, "SRV0001 Travel clinic"},
		"an editor's":         {"services", `{"name": "Yoga", "nhs_code": ""}`, "Yoga"},
		"one withdrawn":       {"ers-services", `{"name": "Cardiology", "withdrawn": true}`, "Cardiology (withdrawn)"},
		"a text":              {"service-texts", `{"name": "Cardiology", "text": "Second floor"}`, "Second floor"},
		"no JSON":             {"services", `what is this`, "what is this"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row := cells(t, report.AuditedChange{Field: c.field, New: new(c.row)})
			require.Equal(t, c.want, row["after"])
			require.Equal(t, "add", row["action"])
			row = cells(t, report.AuditedChange{Field: c.field, Old: new(c.row)})
			require.Equal(t, c.want, row["before"])
			require.Equal(t, "delete", row["action"])
		})
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	for want, changes := range map[string][]report.AuditedChange{
		"add": {
			{Field: "profile", New: new("Boots")}, {Field: "email", Old: new(""), New: new("a@b.uk")},
		},
		"modify": {
			{Field: "email", Old: new("a@b.uk"), New: new("c@b.uk")}, {Field: "email", Old: new(""), New: new("")},
		},
		"delete": {
			{Field: "email", Old: new("a@b.uk"), New: new("")}, {Field: "email", Old: new("a@b.uk")},
		},
	} {
		for _, change := range changes {
			require.Equal(t, want, cells(t, change)["action"], change.Field)
		}
	}
	address := cells(t, report.AuditedChange{Field: "address", Old: new("1 High Street\nLeeds"), New: new("Leeds")})
	require.Equal(t, "1 High Street$Leeds", address["before"], "lines as DoS writes them")
}

func TestPushStatus(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		standing report.PushStanding
		later    bool
		status   report.PushStatus
		at       time.Time
	}{
		"no push":       {standing: report.PushStanding{}, status: report.PushHasNoRoute},
		"no route":      {standing: report.PushStanding{State: push.NoRoute, Accepted: after}, status: report.PushHasNoRoute},
		"refused":       {standing: report.PushStanding{State: push.Refused, Accepted: after}, status: report.PushHasFailed},
		"waits":         {standing: report.PushStanding{State: push.Wanted, Accepted: after}, status: report.PushIsPending},
		"taken since":   {standing: report.PushStanding{State: push.Accepted, Accepted: after}, status: report.PushIsAccepted, at: after},
		"taken at once": {standing: report.PushStanding{State: push.Accepted, Accepted: noon}, status: report.PushIsAccepted, at: noon},
		"taken before":  {standing: report.PushStanding{State: push.Accepted, Accepted: before}, status: report.PushIsPending},
		"changed again": {
			standing: report.PushStanding{State: push.Accepted, Accepted: after}, later: true,
			status: report.PushIsSuperseded, at: after,
		},
		"waits, and changed": {standing: report.PushStanding{State: push.Wanted}, later: true, status: report.PushIsPending},
	} {
		status, at := c.standing.Status(noon, c.later)
		require.Equal(t, c.status, status, name)
		require.Equal(t, c.at, at, name)
	}
}

// A row of a part is one of many: a later one does not supersede it.
func TestPartsAreNeverSuperseded(t *testing.T) {
	t.Parallel()
	taken := report.PushStanding{State: push.Accepted, Accepted: after}
	change := report.AuditedChange{Field: "phone", At: noon, Later: true, DoS: taken, Website: taken}
	require.Equal(t, "SUPERSEDED", cells(t, change)["dos_push_status"])
	require.Equal(t, "SUPERSEDED", cells(t, change)["nhsuk_push_status"])
	change.Field = "facilities"
	require.Equal(t, "ACCEPTED", cells(t, change)["dos_push_status"])
	require.Equal(t, "ACCEPTED", cells(t, change)["nhsuk_push_status"])
	require.Equal(t, map[push.Sink]report.PushStanding{push.SinkDoS: taken, push.SinkWebsite: taken}, change.Pushes())
}

// Anything but an id may be a name, and names of people stay in the audit.
func TestStaffAreNamedByIDsAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change   report.AuditedChange
		by, role string
		source   string
	}{
		"an account manager": {
			report.AuditedChange{Actor: "u-1", Account: people.KindMember, Role: people.RoleManager},
			"u-1", "Account manager", "PROFILE_MANAGER",
		},
		"an editor": {
			report.AuditedChange{Actor: "u-1", Account: people.KindMember, Role: people.RoleEditor},
			"u-1", "Organisation editor", "PROFILE_MANAGER",
		},
		"a lead who edits there": {
			report.AuditedChange{Actor: "u-1", Account: people.KindLead, Role: people.RoleEditor},
			"u-1", "Organisation editor", "DOS_LEAD",
		},
		"a run that a person asked for": {
			report.AuditedChange{Actor: "u-1", Run: 1, Source: profile.SourceODS}, "u-1", "System", "ODS_SYNC",
		},
		"nobody": {report.AuditedChange{}, "operator", "Operator", "SYSTEM"},
		"of another": {
			report.AuditedChange{Actor: "u-1", Account: people.KindMember},
			"u-1", "Editor of another organisation", "PROFILE_MANAGER",
		},
		"a DoS lead": {report.AuditedChange{Actor: "dos-lead-12", Account: people.KindLead}, "dos-lead-12", "DoS lead", "DOS_LEAD"},
		"an administrator": {
			report.AuditedChange{Actor: "u-2", Account: people.KindAdministrator},
			"u-2", "Administrator", "PROFILE_MANAGER",
		},
		"an operator's name": {report.AuditedChange{Actor: "Ann Example"}, "operator", "Operator", "SYSTEM"},
		"an address":         {report.AuditedChange{Actor: "ann-1@example.org"}, "operator", "Operator", "SYSTEM"},
		"not the schedule":   {report.AuditedChange{Actor: "schedule"}, "operator", "Operator", "SYSTEM"}, // whoever says so,
		"a run of ODS":       {report.AuditedChange{Actor: "Ann", Run: 1, Source: profile.SourceODS}, "system", "System", "ODS_SYNC"},
		"a run of e-RS":      {report.AuditedChange{Actor: "Ann", Run: 1, Source: profile.SourceERS}, "system", "System", "ERS_SYNC"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.change.Field = "phone"
			row := cells(t, c.change)
			require.Equal(t, []string{c.by, c.role, c.source}, []string{row["changed_by"], row["changed_by_role"], row["source"]})
		})
	}
}

func TestApprovalsNameTheApprover(t *testing.T) {
	t.Parallel()
	approval := func(c report.AuditedChange) []string {
		row := cells(t, c)
		return []string{row["approval_status"], row["approved_by"], row["approved_at"]}
	}
	change := report.AuditedChange{Field: "status", Run: 3, Kind: runs.RunApprove, Decided: "dos-lead-1", RunAt: noon}
	require.Equal(t, []string{"APPROVED", "dos-lead-1", "2026-11-20T12:00:00Z"}, approval(change))
	ahead := report.AuditedChange{
		Field: "icb", Run: 4, Kind: runs.RunListing, Decided: "schedule", RunAt: noon, AheadBy: "u-7", AheadAt: noon.AddDate(0, 0, -10),
	}
	require.Equal(t, []string{"APPROVED", "u-7", "2026-11-10T12:00:00Z"}, approval(ahead), "who approved it, and when")
	ahead.AheadBy = "Ann Example"
	require.Equal(t, []string{"APPROVED", "operator", "2026-11-10T12:00:00Z"}, approval(ahead))
	change.Decided = "Ann Example"
	require.Equal(t, []string{"APPROVED", "operator", "2026-11-20T12:00:00Z"}, approval(change))
	change.Kind = runs.RunListing
	require.Equal(t, []string{"NOT_REQUIRED", "", ""}, approval(change))
}

func TestTypesAreAbbreviated(t *testing.T) {
	t.Parallel()
	words := map[profile.OrgType][2]string{
		profile.Pharmacy: {"PHA", "13"}, profile.GPPractice: {"GPP", "100"}, profile.GPBranch: {"GPB", "100"},
		profile.DentalPractice: {"DEN", ""}, profile.OpticalSite: {"OPT", ""}, profile.Trust: {"TRU", ""}, profile.TrustSite: {"TRS", ""},
		"hospice": {"HOSPICE", ""},
	}
	for _, of := range slices.Concat(profile.OrgTypes(), []profile.OrgType{"hospice"}) {
		row := cells(t, report.AuditedChange{Field: "phone", Type: of})
		want := words[of]
		require.Equal(t, want, [2]string{row["organisation_type"], row["dos_service_type"]}, string(of))
	}
}

func TestNoiseIsAChangeOfFormOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change report.AuditedChange
		want   bool
	}{
		"case of a name": {report.AuditedChange{Field: "name", Old: new("BOOTS"), New: new("Boots")}, true},
		"another name":   {report.AuditedChange{Field: "name", Old: new("Boots"), New: new("Lloyds")}, false},
		"the name repeated": {
			report.AuditedChange{Field: "address", Old: new("Boots\n1 Elm Road"), New: new("1 Elm Road"), Name: "Boots"},
			true,
		},
		"a line that is not the name": {
			report.AuditedChange{Field: "address", Old: new("Lloyds\n1 Elm Road"), New: new("1 Elm Road"), Name: "Boots"},
			false,
		},
		"a creation":         {report.AuditedChange{Field: "profile", New: new("Boots")}, false},
		"what was not there": {report.AuditedChange{Field: "name", New: new("")}, false},
		"what is gone":       {report.AuditedChange{Field: "name", Old: new("")}, false},
		"rows of parts":      {report.AuditedChange{Field: "services", Old: new("A a"), New: new("A  a")}, false},
		"an unknown field":   {report.AuditedChange{Field: "of old", Old: new("a"), New: new("a")}, false},
	} {
		require.Equal(t, c.want, c.change.IsNoise(), name)
	}
}

func TestWhatHappenedInTheSummary(t *testing.T) {
	t.Parallel()
	for want, changes := range map[string][]report.AuditedChange{
		"created": {{Field: "profile", New: new("Boots")}},
		"closed":  {{Field: "status", Old: new("open"), New: new("closed")}},
		"changed": {{Field: "status", Old: new("closed"), New: new("open")}, {Field: "phone", New: new("closed")}, {Field: "status"}},
	} {
		for _, change := range changes {
			require.Equal(t, want, change.ReportKind(), change.Field)
		}
	}
}
