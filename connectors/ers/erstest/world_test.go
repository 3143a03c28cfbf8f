package erstest_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

func TestWorldIsTheSameAgain(t *testing.T) {
	t.Parallel()
	sites := erstest.Sites("RR801", "RR802", "A1B2C")
	one, again := erstest.NewWorld(7, sites, 50), erstest.NewWorld(7, sites, 50)
	require.Equal(t, one.Services(), again.Services())
	require.NotEqual(t, one.Services(), erstest.NewWorld(8, sites, 50).Services())
	require.Len(t, one.IDs(), 150)
	require.Len(t, one.Services("RR802"), 50)
	kinds := map[string]bool{}
	for _, s := range one.Services("RR801")[:45] {
		kinds[s.ClinicTypes[0]] = true
		require.Equal(t, profile.ODSCode("RR8"), s.Provider)
	}
	require.Len(t, kinds, 45, "no department twice before all have come once")
}

// TestWorldHasVariety: everything in the contract, and the dirt of the extract.
func TestWorldHasVariety(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, s := range erstest.NewWorld(1, erstest.Sites("RR801", "RX902"), 600).Services() {
		for _, list := range [][]services.Coding{s.AppointmentTypes, s.RequestFlows, s.Bookable} {
			for _, c := range list {
				seen[c.Code]++
				require.NotEmpty(t, c.Display)
			}
		}
		for _, c := range s.Contacts {
			seen[c.Purpose+" "+c.System]++
		}
		seen["flows"] = max(seen["flows"], len(s.RequestFlows))
		for what, is := range map[string]bool{
			"removed": s.Removed, "unpublished": !s.Published, "minimal": len(s.RequestFlows) == 0, "hours": s.Hours != "",
			"instructions": s.Instructions != "", "2922": strings.HasPrefix(s.Begin.String(), "2922"),
		} {
			if is {
				seen[what]++
			}
		}
	}
	for _, what := range []string{
		"DAY_CASE", "FIRST_OUTPATIENT", "ASSESSMENT_SERVICE", "GPSI", "AHP_CLINIC", "DIAGNOSTIC", "NURSE_CLINIC", "OPHTHALMOLOGIST",
		"TELEPHONE_ASSESSMENT", "BOOKABLE", "REVIEW", "ADVICE_AND_GUIDANCE", "DIRECTLY_BOOKABLE", "INDIRECTLY_BOOKABLE",
		"PATINF phone", "PATINF email", "ADMIN phone", "HEALTHCARE_PROFESSIONALS email",
		"removed", "unpublished", "minimal", "hours", "instructions", "2922",
	} {
		require.Positive(t, seen[what], what)
	}
	require.Equal(t, 2, seen["flows"])
}

// table unpacks an extract.
func table(t *testing.T, archive []byte) (name string, rows []map[string]string) {
	t.Helper()
	reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	require.NoError(t, err)
	require.Len(t, reader.File, 1)
	file, err := reader.File[0].Open()
	require.NoError(t, err)
	text, err := io.ReadAll(file)
	require.NoError(t, err)
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, erstest.ExtractColumns(), lines[0])
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, column := range lines[0] {
			row[column] = line[i]
		}
		rows = append(rows, row)
	}
	return reader.File[0].Name, rows
}

func TestExtract(t *testing.T) {
	t.Parallel()
	world := erstest.NewWorld(3, erstest.Sites("RR801", "RX902"), 300)
	require.NoError(t, world.Hide(world.IDs()[0]))
	month, err := profile.ParseDate("2026-10-14")
	require.NoError(t, err)
	archive := world.Extract(month)
	require.Equal(t, archive, world.Extract(month))
	name, rows := table(t, archive)
	require.Equal(t, "EBSX05_202610.csv", name)
	listed := map[string]map[string]string{}
	for _, row := range rows {
		listed[row["service_id"]] = row
	}
	left := 0
	for _, s := range world.Services() {
		row := listed[string(s.ID)]
		if row == nil {
			require.True(t, s.Removed)
			left++
			continue
		}
		require.Equal(t, s.Name, row["service_name"])
		require.Equal(t, string(s.Sites[0]), row["Location_Org_Id"])
		require.Equal(t, string(s.Provider), row["Provider_Org_Id"])
		require.Equal(t, s.Specialty, row["Specialty_Cd"])
		require.Equal(t, s.Published && !s.Removed, row["Publish_Ind"] == "Y")
		require.Equal(t, s.Begin.String(), row["Beg_Effective_Dt"])
	}
	require.Positive(t, left)
	require.Contains(t, string(mustJSON(t, rows)), "2922-05-01")
	require.Empty(t, mustRows(t, erstest.NewWorld(1, nil, 0).Extract(month)))
}

func mustRows(t *testing.T, archive []byte) []map[string]string {
	t.Helper()
	_, rows := table(t, archive)
	return rows
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return text
}

// TestConcepts: labels change, codes are added and retired.
func TestConcepts(t *testing.T) {
	t.Parallel()
	world := erstest.NewWorld(1, nil, 0)
	_, base := erstest.Start(t, erstest.Options{World: world})
	day := profile.NewDate(2026, 6, 25)
	require.NoError(t, world.SetConcept(erstest.Specialties, erstest.Concept{Code: "CARDIOLOGY", Display: "Heart", To: day}))
	require.NoError(t, world.SetConcept(erstest.ClinicTypes, erstest.Concept{Code: "NEW", Display: "New", Specialties: []string{"ENT", "X"}}))
	require.Error(t, world.SetConcept("NOPE", erstest.Concept{Code: "A"}))
	require.Contains(t, get(specials).to(t, base).text, `"display":"Heart","property":[`+
		`{"code":"effectiveFrom","valueDateTime":"2004-06-01T00:00:00.000Z"},`+
		`{"code":"effectiveTo","valueDateTime":"2026-06-25T00:00:00.000Z"}]`)
	clinics := get("/STU3/CodeSystem/CLINIC-TYPE").to(t, base).text
	require.Contains(t, clinics, `CodeSystem/SPECIALTY","code":"X"`)
	for _, system := range []string{
		"PRIORITY", "APPOINTMENT-CANCELLATION-REASON", "REFERRAL-CANCELLATION-REASON", "APPOINTMENT-NON-ATTENDANCE-REASON",
	} {
		require.Equal(t, "complete", get("/STU3/CodeSystem/"+system).to(t, base).body["content"])
	}
	require.Nil(t, world.Concepts("NOPE"))
}

// TestControl: every operation over HTTP.
func TestControl(t *testing.T) {
	t.Parallel()
	world := recorded()
	server, base := erstest.Start(t, erstest.Options{World: world})
	post := func(path, body string) int {
		return call{method: "POST", path: "/control/" + path, body: body}.to(t, erstest.Root(base)).status
	}
	service := func() erstest.Service { s, _ := world.Service("2"); return s }
	require.Equal(t, 204, post("add", `{"id":"9","version":"3","name":"Nine","sites":["R6901"],"published":true}`))
	require.Equal(t, "Nine", get(servicesPath+"/9").to(t, base).body["name"])
	require.Equal(t, 204, post("change", `{"ids":["2"]}`))
	require.Equal(t, 204, post("restamp", `{"ids":["2"]}`))
	require.Equal(t, "3", service().Version)
	require.Equal(t, 204, post("rename", `{"ids":["2"],"name":"N"}`))
	require.Equal(t, 204, post("move", `{"ids":["2"],"site":"R6902"}`))
	require.Equal(t, "N", service().Name)
	require.Equal(t, []profile.ODSCode{"R6902"}, service().Sites)
	require.Equal(t, 204, post("hide", `{"ids":["2"],"clients":["c"]}`))
	require.Equal(t, []string{"c"}, service().HiddenFrom)
	require.Equal(t, 204, post("remove", `{"ids":["2"]}`))
	require.True(t, service().Removed)
	require.Equal(t, 204, post("return", `{"ids":["2"]}`))
	require.False(t, service().Removed || service().HiddenFrom != nil)
	require.Equal(t, 204, post("relabel", `{"code":"DAY_CASE","display":"D"}`))
	require.Equal(t, "D", service().AppointmentTypes[0].Display)
	require.Equal(t, 204, post("concept", `{"system":"SPECIALTY","concept":{"code":"NEW","display":"New","to":"2026-01-01"}}`))
	for path, body := range map[string]string{"change": `{"ids":["77"]}`, "move": `{"id":"2"}`, "add": `{"id":"x"}`, "hide": `{`} {
		require.Equal(t, 400, post(path, body), path)
	}

	root := erstest.Root(base)
	require.Equal(t, 3, strings.Count(get("/control/services").to(t, root).text, "\n"))
	require.Equal(t, 1, strings.Count(get("/control/services?site=R6902").to(t, root).text, "\n"))
	require.Equal(t, "application/zip", get("/control/extract?month=2026-10").to(t, root).header.Get("Content-Type"))
	require.Equal(t, 400, get("/control/extract?month=x").to(t, root).status)
	fault := call{method: "PUT", path: "/control/faults", body: `{"names":["error-503"],"retry_after":3}`}
	require.Equal(t, 204, fault.to(t, root).status)
	require.Equal(t, "3", get(servicesPath+"/2").to(t, base).header.Get("Retry-After"))
	require.InDelta(t, 3, get("/control/faults").to(t, root).body["retry_after"], 0)
	require.Equal(t, 204, call{method: "DELETE", path: "/control/faults"}.to(t, root).status)
	require.Equal(t, 200, get(servicesPath+"/2").to(t, base).status)
	for _, bad := range []string{`{"names":["?"]}`, `{"share":2}`, `{"latency_ms":-1}`} {
		fault.body = bad
		require.Equal(t, 400, fault.to(t, root).status)
	}
	require.Equal(t, len(server.Ledger()), strings.Count(get("/ledger").to(t, root).text, "\n"))
	require.Contains(t, get("/ledger/summary").to(t, root).body["requests"], "A033")
}
