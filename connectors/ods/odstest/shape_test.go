package odstest_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/register"
	"github.com/profilesync/profilesync/connectors/ods/odstest"
	"github.com/profilesync/profilesync/connectors/realdata"
)

// shape collects the path of every value of a JSON text, with the address of an
// extension, the name of a parameter and fixed systems as part of it.
func shape(t *testing.T, text []byte) map[string]bool {
	t.Helper()
	var root any
	require.NoError(t, json.Unmarshal(text, &root))
	paths := make(map[string]bool)
	var walk func(path string, node any)
	walk = func(path string, node any) {
		switch node := node.(type) {
		case map[string]any:
			if address, is := node["url"].(string); is && !strings.Contains(address, "?") {
				path += "<" + address + ">"
			}
			for name, child := range node {
				walk(path+"."+name, child)
			}
		case []any:
			for _, child := range node {
				walk(path+"[]", child)
			}
		case string:
			if strings.HasSuffix(path, ".system") {
				path += "=" + node
			}
			paths[path] = true
		default:
			paths[path] = true
		}
	}
	walk("", root)
	return paths
}

func recorded(t *testing.T, name string) []byte {
	t.Helper()
	return realdata.Read(t, "ods", "fhir", name)
}

func TestBodiesHaveTheRecordedShape(t *testing.T) {
	t.Parallel()
	c := start(t, odstest.Options{})
	reg := c.s.Register()
	change := func(code string, edit func(*register.Organisation)) {
		require.NoError(t, reg.Update(code, reg.AsOf(), edit))
	}
	trust := sample(t, reg, func(o register.Organisation) bool {
		return o.Report == register.Trusts && o.Open() && o.Phone != "" && o.RoleInstances()[0].Legal && o.Closed.IsZero()
	})
	change(trust, func(o *register.Organisation) { o.Website = "HTTPS://WWW.EXAMPLE.NHS.UK/" })
	gone := sample(t, reg, func(o register.Organisation) bool {
		return o.Report == register.Dispensaries && !o.Open() && !o.Archived() && len(o.Operated) > 1
	})
	require.NoError(t, reg.Delete(reg.Codes(register.Dentists)[0], reg.AsOf()))
	lookup := "/CodeSystem/$lookup?code=" + trust + "&system=" + url.QueryEscape("https://fhir.nhs.uk/Id/ods-organization-code")
	for _, test := range []struct{ file, path string }{
		{"Organization_id_get_200_fhir_json.json", "/Organization/" + trust},
		{"Organization_id_get_404_fhir_json.json", "/Organization/8J632648493"},
		{"OrganizationAffiliation_id_get_404_fhir_json.json", "/OrganizationAffiliation/77"},
		{"Organization_get_4XX_fhir_json.json", "/Organization?count=2"},
		{"Organization_get_200_fhir_json.json", "/Organization?_count=2&_id=" + strings.Join(reg.Codes(register.Trusts), ",")},
		{"OrganizationAffiliation_get_200_fhir_json.json", "/OrganizationAffiliation?primary-organization=" + gone},
		{"List_id_get_200_fhir_json.json", "/List/Organization-deletion"},
		{"CodeSystem_get_200_json.json", lookup},
	} {
		t.Run(test.file, func(t *testing.T) {
			t.Parallel()
			want, got := shape(t, recorded(t, test.file)), shape(t, c.fhir(test.path).body)
			for _, path := range slices.Sorted(maps.Keys(got)) {
				if !want[path] && !optional(path) {
					t.Errorf("the recorded body has no %s", path)
				}
			}
			for _, path := range slices.Sorted(maps.Keys(want)) {
				if !got[path] && !optional(path) {
					t.Errorf("the made-up body lacks %s", path)
				}
			}
		})
	}
}

// optional paths are there or not, from one record to another.
func optional(path string) bool {
	for _, part := range []string{".telecom", ".district", "period>.valuePeriod.end", ".period.end"} {
		if strings.Contains(path, part) {
			return true
		}
	}
	return false
}

func sample(t *testing.T, reg *register.Register, fits func(register.Organisation) bool) string {
	t.Helper()
	for _, report := range register.Reports() {
		for o := range reg.All(report) {
			if fits(o) {
				return o.Code
			}
		}
	}
	t.Fatal("the register has none like that: choose another seed")
	return ""
}
