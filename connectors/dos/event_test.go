package dos

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/connectors/realdata"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// valuesOf returns values from field names and texts.
func valuesOf(t *testing.T, fields map[string]string) (v profile.Values) {
	t.Helper()
	for name, value := range fields {
		f, err := profile.ParseField(name)
		require.NoError(t, err)
		v.Set(f, value)
	}
	return v
}

// wholeProfile states every field of the route.
func wholeProfile() map[string]string {
	return map[string]string{
		"name": "Example Street Pharmacy", "address": "Unit 7 Example Precinct\nMarket Row\nKirkham\nLancashire",
		"postcode": "PR4 2BE", "icb": "QE1", "status": "open", "hidden": "false",
		"phone": "01772 000 000", "website": "https://www.Example-Pharmacy.co.uk/Kirkham",
		"opening-times":       "mon 09:00-13:00\nmon 14:00-17:30\ntue 00:00-23:59",
		"dated-opening-times": "2027-12-24 10:00-16:00\n2027-12-25 closed",
		"services": "- Travel clinic\nSRV0559 Palliative care stockholder\nSRV0560 Blood pressure check\n" +
			"SRV2000 Contraception\nSRV9999 Something else",
	}
}

func example(t *testing.T, changes ...func(map[string]string)) push.Delivery {
	t.Helper()
	fields := wholeProfile()
	for _, change := range changes {
		change(fields)
	}
	at := func(clock string) time.Time {
		when, err := time.Parse(time.RFC3339, clock)
		require.NoError(t, err)
		return when
	}
	return push.Delivery{
		Code: "FZZ99", Type: profile.Pharmacy, Sequence: 417, Key: "11111111-2222-4333-8444-555555555555",
		Values: valuesOf(t, fields),
		Edited: map[profile.Field]time.Time{
			profile.FieldOpeningTimes:      at("2027-09-07T11:21:30+01:00"),
			profile.FieldDatedOpeningTimes: at("2027-09-06T10:21:30Z"),
			profile.FieldServices:          at("2027-09-07T10:21:36Z"),
			profile.FieldFacilities:        at("2027-09-07T10:21:42Z"),
			profile.FieldEmail:             at("2027-09-07T10:20:00Z"),
			profile.FieldPhone:             at("2026-09-07T10:20:00Z"),
			profile.FieldDescription:       at("2027-12-31T10:20:00Z"),
		},
	}
}

func withoutFields(fields ...string) func(map[string]string) {
	return func(all map[string]string) {
		for _, f := range fields {
			delete(all, f)
		}
	}
}

func withField(field, value string) func(map[string]string) {
	return func(all map[string]string) { all[field] = value }
}

func decoded(t *testing.T, d push.Delivery) (e event) {
	t.Helper()
	content, err := body(d)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &e))
	return e
}

func TestEventBody(t *testing.T) {
	t.Parallel()
	var indented strings.Builder
	content, err := body(example(t))
	require.NoError(t, err)
	encoder := json.NewEncoder(&indented)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(json.RawMessage(content)))
	golden := filepath.Join("testdata", "event.json")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(indented.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), indented.String())
}

func TestEventOfAnEmptyProfile(t *testing.T) {
	t.Parallel()
	content, err := body(push.Delivery{Code: "FA123", Type: profile.Pharmacy, Sequence: 1})
	require.NoError(t, err)
	require.JSONEq(t, `{"ODSCode":"FA123","OrganisationName":"","OrganisationTypeId":"PHA","OrganisationType":"Pharmacy",
		"OrganisationSubType":"Community","OrganisationStatus":"Visible",
		"Address1":null,"Address2":null,"Address3":null,"City":null,"County":null,"Postcode":"",
		"ParentOrganisation":{"ODSCode":"","OrganisationName":""},
		"Contacts":[{"ContactType":"Primary","ContactAvailabilityType":"Office hours","ContactMethodType":"Telephone","ContactValue":""}],
		"OpeningTimes":[],
		"UecServices":null,"Services":[],"UniqueKey":"1","LastUpdatedDates":{}}`, string(content))
}

func TestEventStatus(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ status, hidden, want string }{
		"open":              {"open", "false", "Visible"},
		"dormant":           {"dormant", "false", "Visible"},
		"hidden":            {"open", "true", "Hidden"},
		"closed":            {"closed", "false", "Closed"},
		"closed and hidden": {"closed", "true", "Closed"},
	} {
		e := decoded(t, example(t, withField("status", test.status), withField("hidden", test.hidden)))
		require.Equal(t, test.want, e.OrganisationStatus, name)
	}
}

func TestEventAddressKeepsTheOrderOfLines(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][5]string{
		"":                        {},
		"1 High Street":           {"1 High Street"},
		"1 High Street\nLeeds":    {"1 High Street", "", "", "Leeds"},
		" a \n\nb\nLeeds":         {"a", "b", "", "Leeds"},
		"a\nb\nc\nLeeds":          {"a", "b", "c", "Leeds"},
		"a\nb\nc\nLeeds\nYorks":   {"a", "b", "c", "Leeds", "Yorks"},
		"a\nb\nc\nd\ne\nTown\nCo": {"a", "b", "c, d, e", "Town", "Co"},
	} {
		e := decoded(t, example(t, withField("address", text)))
		var places [5]string
		for i, place := range []*string{e.Address1, e.Address2, e.Address3, e.City, e.County} {
			if place != nil {
				places[i] = *place
			}
		}
		require.Equal(t, want, places, text)
	}
}

func TestEventServices(t *testing.T) {
	t.Parallel()
	codes := func(list []service) (codes []string) {
		for _, s := range list {
			codes = append(codes, s.ServiceCode)
		}
		return codes
	}
	for text, want := range map[string]struct {
		subType       string
		uec, services []string
	}{
		"":                                    {"Community", nil, nil},
		"EPS0004 Internet pharmacy":           {"DistanceSelling", nil, nil},
		"SRV0559 Stockholder\nSRV2000 Pill":   {"Community", []string{"SRV0559"}, []string{"SRV2000"}},
		"SRV0560":                             {"Community", nil, []string{"SRV0560"}},
		"- SRV0560 in the name\nSRV05600 odd": {"Community", nil, nil},
	} {
		e := decoded(t, example(t, withField("services", text)))
		require.Equal(t, want.subType, e.OrganisationSubType, text)
		require.NotNil(t, e.UecServices, "the services are stated, so never null: %s", text)
		require.Equal(t, want.uec, codes(e.UecServices), text)
		require.Equal(t, want.services, codes(e.Services), text)
	}
	require.Nil(t, decoded(t, example(t, withoutFields("services"))).UecServices)
}

func TestEventOpeningTimes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ weekly, dated, want string }{
		"none":       {"", "", ""},
		"dated only": {"", "2027-01-01 closed", "Additional Jan 1 2027 closed"},
		"touching": {
			"sun 09:00-13:00\nsun 13:00-17:00", "2027-12-24 08:00-09:00\n2027-12-24 09:00-10:00\n2027-12-26 00:00-23:59",
			"General Monday closed,General Tuesday closed,General Wednesday closed,General Thursday closed," +
				"General Friday closed,General Saturday closed,General Sunday 09:00-17:00 540-1020," +
				"Additional Dec 24 2027 08:00-10:00 480-600,Additional Dec 26 2027 00:00-23:59 0-1439",
		},
	} {
		var rows []string
		e := decoded(t, example(t, withField("opening-times", test.weekly), withField("dated-opening-times", test.dated)))
		require.NotNil(t, e.OpeningTimes, name)
		for _, row := range e.OpeningTimes {
			require.Equal(t, row.IsOpen, row.OpeningTime != "")
			text := row.OpeningTimeType + " " + row.Weekday + row.AdditionalOpeningDate + " closed"
			if row.IsOpen {
				text = strings.TrimSuffix(text, "closed") + row.OpeningTime + "-" + row.ClosingTime + " " +
					jsonOf(t, row.OffsetOpeningTime) + "-" + jsonOf(t, row.OffsetClosingTime)
			}
			rows = append(rows, text)
		}
		require.Equal(t, test.want, strings.Join(rows, ","), name)
	}
}

func jsonOf(t *testing.T, value any) string {
	t.Helper()
	content, err := json.Marshal(value)
	require.NoError(t, err)
	return string(content)
}

func TestEventRefusesHoursThatDoSWouldIgnore(t *testing.T) {
	t.Parallel()
	for field, texts := range map[string][]string{
		"opening-times": {
			"monday 09:00-13:00", "mon 9:00-13:00", "mon 22:00-02:00", "mon 09:00-09:00", "mon closed",
			"bank-holiday 10:00-12:00", "mon 09:00-1 o'clock of Mr Person",
		},
		"dated-opening-times": {
			"2027-02-29 closed", "2027-12-25", "2027-12-25 closed\n2027-12-25 10:00-12:00", "2027-12-25 10:00-12:00\n2027-12-25 closed",
			"Dec 25 2027 closed", "2027-12-25 18:00-08:00", " closed",
		},
	} {
		for _, text := range texts {
			_, err := body(example(t, withField(field, text)))
			requireRefused(t, err, "FZZ99", field, "in the profile")
			require.NotContains(t, err.Error(), "Person", "the text of a profile may be anything")
		}
	}
}

func TestAClosedPharmacyIsSentWithAnyWebsite(t *testing.T) {
	t.Parallel()
	_, err := body(example(t, withField("website", "call us"), withField("status", "closed")))
	require.NoError(t, err, "DoS applies nothing of a closed pharmacy, but must be told that it closed")
}

// Palliative care that was only read is left alone: a list would write it to every
// service.
func TestOnlyStatedPalliativeCareIsSent(t *testing.T) {
	t.Parallel()
	d := example(t, withField("services", "SRV0559 Palliative\nSRV0560 BP"))
	require.Len(t, decoded(t, d).UecServices, 1)
	d.Filled = []profile.Field{profile.FieldServices}
	e := decoded(t, d)
	require.Nil(t, e.UecServices)
	require.Len(t, e.Services, 1, "the others would be closed")
}

func TestEventRefusesOtherCodes(t *testing.T) {
	t.Parallel()
	for _, code := range []profile.ODSCode{"FA12", "FA1234", "FA123M06"} {
		d := example(t)
		d.Code = code
		_, err := body(d)
		requireRefused(t, err, code.String(), "exactly 5 characters")
	}
}

func requireRefused(t *testing.T, err error, words ...string) {
	t.Helper()
	var refusal *push.SinkError
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, push.AnswerRefused, refusal.Answer)
	require.Equal(t, push.SinkDoS, refusal.Sink)
	for _, word := range words {
		require.Contains(t, refusal.Reason, word)
	}
}

// Attempts at one delivery have the same bytes; two deliveries never do, or the later
// one would be dropped as a copy (CONTRACT.md "Sequence numbers and copies").
func TestEventsDifferExactlyWhenDeliveriesDo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fields := wholeProfile()
		for f := range wholeProfile() {
			if rapid.Bool().Draw(t, "left out "+f) {
				delete(fields, f)
			}
		}
		fields["name"] = rapid.String().Draw(t, "name")
		a := push.Delivery{Code: "FA123", Sequence: rapid.Int64Range(1, 1<<53).Draw(t, "sequence")}
		b := push.Delivery{Code: "FA123", Sequence: a.Sequence}
		for _, d := range []*push.Delivery{&a, &b} {
			d.Edited = map[profile.Field]time.Time{}
			for i, f := range profile.Fields() {
				d.Edited[f] = time.Unix(int64(i), 0)
				if value, ok := fields[f.String()]; ok {
					d.Values.Set(f, value)
				}
			}
		}
		first, err := body(a)
		require.NoError(t, err)
		second, err := body(b)
		require.NoError(t, err)
		require.Equal(t, first, second)
		b.Sequence++
		later, err := body(b)
		require.NoError(t, err)
		require.NotEqual(t, first, later)
	})
}

// Everything that we send is in a real event with the same JSON type, except for
// fields that only the contract names.
func TestEventHasTheShapeOfRealOnes(t *testing.T) {
	t.Parallel()
	types := map[string]string{"UniqueKey": "string", ".ServiceName": "string", ".ServiceDescription": "null", ".ServiceCode": "string"}
	for _, name := range []string{"STANDARD_EVENT.json", "base_change_event.json", "change_event.json"} {
		collectTypes(t, "", realEvent(t, name), types)
	}
	for _, d := range []push.Delivery{example(t), {Code: "FA123"}} {
		content, err := body(d)
		require.NoError(t, err)
		var ours any
		require.NoError(t, json.Unmarshal(content, &ours))
		sent := map[string]string{}
		collectTypes(t, "", ours, sent)
		for path, kind := range sent {
			path = path[strings.LastIndex(path, "Services.")+1:]
			path = strings.TrimPrefix(path, "ervices")
			require.Contains(t, types, path)
			require.True(t, kind == types[path] || kind == "null" || types[path] == "null", "%s: %s, really %s", path, kind, types[path])
		}
	}
}

// A real event decodes into our type: nothing in it has another type.
func TestRealEventsDecode(t *testing.T) {
	t.Parallel()
	var e event
	content, err := json.Marshal(realEvent(t, "STANDARD_EVENT.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &e))
	require.Equal(t, "TES73", e.ODSCode)
	require.Len(t, e.OpeningTimes, 15)
	require.Equal(t, openingTime{
		Weekday: "Monday", OpeningTime: "09:00", ClosingTime: "13:00", OffsetOpeningTime: 540, OffsetClosingTime: 780,
		OpeningTimeType: "General", IsOpen: true,
	}, e.OpeningTimes[0])
}

func realEvent(t *testing.T, name string) (content any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(realdata.Read(t, "dos", name), &content))
	return content
}

// collectTypes notes the JSON type of every path; null only if no other is known.
func collectTypes(t *testing.T, path string, value any, types map[string]string) {
	t.Helper()
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			collectTypes(t, strings.TrimPrefix(path+"."+key, "."), inner, types)
		}
	case []any:
		for _, inner := range value {
			collectTypes(t, path, inner, types)
		}
		types[path] = "list"
	case nil:
		if types[path] == "" {
			types[path] = "null"
		}
	case string:
		types[path] = "string"
	case bool:
		types[path] = "bool"
	case float64:
		types[path] = "number"
	}
}
