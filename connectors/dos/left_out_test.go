package dos

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

func TestEventWebsite(t *testing.T) {
	t.Parallel()
	for site, want := range map[string]string{
		"":                             "",
		"HTTPS://WWW.Pharma.co.uk/A?B": "https://www.pharma.co.uk/A?B",
		"Pharma.CO.UK":                 "pharma.co.uk",
		"Pharma.CO.UK/Path#X":          "pharma.co.uk/path#x",
		"Pharma.co.uk?A=b":             "pharma.co.uk/?a=b",
		"pharma.co.uk#":                "pharma.co.uk",
		"https://pharma.co.uk?a=B":     "https://pharma.co.uk/?a=B",
		"https://pharma.co.uk#Top":     "https://pharma.co.uk/#Top",
		"https://pharma.co.uk?":        "https://pharma.co.uk",
		"https://pharma.co.uk/#":       "https://pharma.co.uk/",
		"https://pharma.co.uk/?#":      "https://pharma.co.uk/",
		"https://pharma.co.uk/a;":      "https://pharma.co.uk/a",
		"https://pharma.co.uk/a;?b=c":  "https://pharma.co.uk/a?b=c",
		"https://pharma.co.uk/a;;":     "https://pharma.co.uk/a;;",
		"https://pharma.co.uk/a;/b":    "https://pharma.co.uk/a;/b",
		"https://pharma.co.uk/a?#b":    "https://pharma.co.uk/a#b",
		"https://pharma.co.uk/a?b;":    "https://pharma.co.uk/a?b;",
	} {
		d := example(t, withField("website", " "+site))
		got := ""
		for _, c := range decoded(t, d).Contacts {
			if c.ContactMethodType == "Website" {
				got = c.ContactValue
			}
		}
		require.Equal(t, want, got, site)
	}
}

// leftOut returns why a delivery's fields are left out, by field.
func leftOut(t *testing.T, d push.Delivery) map[string]string {
	t.Helper()
	left, err := (&Sink{}).Check(d)
	require.NoError(t, err)
	found := map[string]string{}
	for _, l := range left {
		found[l.Field.String()] = l.Reason
	}
	return found
}

func TestWebsitesThatDoSDoesNotTake(t *testing.T) {
	t.Parallel()
	for site, why := range map[string]string{
		"https://pharma.co.uk:8080/":                       "a port, 8080, in pharma.co.uk",
		"pharma.co.uk:443":                                 "a port, 443, in pharma.co.uk",
		"https://X.com/shop":                               "one-letter label in x.com",
		"https://www.b.co.uk":                              "one-letter label in www.b.co.uk",
		"https://pharma.x":                                 "one-letter label in pharma.x",
		"https://bücher.co.uk":                             "the character 'ü' in bücher.co.uk",
		"https://my_pharmacy.co.uk":                        "the character '_' in my_pharmacy.co.uk",
		"https://-pharma.co.uk":                            "a hyphen at the end of a label in -pharma.co.uk",
		"https://pharma..uk":                               "a dot too many in pharma..uk",
		"https://pharma.co.uk.":                            "a dot too many in pharma.co.uk.",
		"https://192.168.10.20/":                           "192.168.10.20 does not end in a name such as .uk",
		"ftp://pharma.co.uk":                               "it does not begin with http:// or https://",
		"https://ada:hush@pharma.co.uk":                    "it has a user name before the host",
		"call us":                                          "it has no name of a host with a dot, such as example.nhs.uk",
		"localhost":                                        "it has no name of a host with a dot, such as example.nhs.uk",
		"https://pharma.co.uk/a\nb":                        "it has a line break",
		"https://pharma.co.uk/" + strings.Repeat("a", 500): "DoS stores at most 512 characters",
	} {
		require.Equal(t, map[string]string{"website": why}, leftOut(t, example(t, withField("website", site))), site)
	}
	require.Empty(t, leftOut(t, example(t)))
	require.Empty(t, leftOut(t, example(t, withField("website", "call us"), withField("status", "closed"))), "DoS applies nothing of it")
}

// What is shown of a website holds no address of a person and no secret.
func TestAWebsiteThatIsLeftOutIsShownIfItMayBe(t *testing.T) {
	t.Parallel()
	left, err := (&Sink{}).Check(example(t, withField("website", "https://pharma.co.uk:8080/x")))
	require.NoError(t, err)
	require.Equal(t, "https://pharma.co.uk:8080/x", left[0].Value)
	for _, site := range []string{"ada.person@nhs.net", "https://ada.person:hush@pharma.co.uk", "https://x.uk?m=ada.person%40nhs.net"} {
		left, err := (&Sink{}).Check(example(t, withField("website", site)))
		require.NoError(t, err)
		require.Len(t, left, 1)
		require.NotContains(t, left[0].Value+left[0].Reason, "person")
		require.NotContains(t, left[0].Value+left[0].Reason, "hush")
	}
}

// Hours that cannot be written stop only themselves, each kind of them.
func TestHoursThatDoSDoesNotTake(t *testing.T) {
	t.Parallel()
	const why = "a line that is not an opening time within one day"
	require.Equal(t, map[string]string{"opening-times": why}, leftOut(t, example(t, withField("opening-times", "mon 22:00-02:00"))))
	require.Equal(t, map[string]string{"dated-opening-times": why},
		leftOut(t, example(t, withField("dated-opening-times", "Dec 25 of Mr Person"))))
	d := example(t)
	d.Code = "FA1234"
	_, err := (&Sink{}).Check(d)
	requireRefused(t, err, "FA1234", "exactly 5 characters")
}

func TestFieldsOfPracticesThatDoSDoesNotTake(t *testing.T) {
	t.Parallel()
	check := func(field, value string) map[string]string {
		return leftOut(t, fhirDelivery(t, "A81001", field, value))
	}
	for field, values := range map[string]map[string]string{
		"name": {
			" ":                      "it is blank, and DoS accepts no practice without one",
			strings.Repeat("é", 101): "it has 101 characters, DoS accepts 100",
		},
		"phone": {
			"020 7946 0000 ext 3": "DoS accepts only digits, +, brackets and spaces; move extensions and words elsewhere",
		},
		"email":   {"ada person@nhs.net": "it holds a space"},
		"website": {"www.elm.nhs.uk": "it does not begin with http:// or https://", "https://elm nhs.uk": "it holds a space"},
		"roles": {
			"RO177":         "DoS wants exactly one RO177, and RO76 beside it",
			"RO76|RO177|GP": "DoS wants exactly one RO177, and RO76 beside it",
		},
	} {
		for value, why := range values {
			require.Equal(t, map[string]string{field: why}, check(field, value), value)
		}
	}
	require.Empty(t, check("phone", "(020) 7946-0000"))
	require.Empty(t, check("roles", "RO76|RO177"))
	require.Empty(t, check("email", ""))
}

// The words of a refusal decide which fields it is about; a value that it repeats does
// not, whatever it says.
func TestFieldsOfARefusal(t *testing.T) {
	t.Parallel()
	d := fhirDelivery(t, "A81001", "name", "The Active Role Phone Practice", "email", "name@role.nhs.uk", "phone", "0161")
	for text, want := range map[string][]profile.Field{
		"body telecom: Telecom value field contains an invalid phone number: 0161":              {profile.FieldPhone},
		"body telecom: Telecom value field contains an invalid email address: name@role.nhs.uk": {profile.FieldEmail},
		"body telecom: Telecom value field contains an invalid url: https://x":                  {profile.FieldWebsite},
		"body telecom: it is refused":                          {profile.FieldPhone, profile.FieldEmail, profile.FieldWebsite},
		"body name: String should have at most 100 characters": {profile.FieldName},
		"The Active Role Phone Practice is no name":            {profile.FieldName},
		"body active: Active field is required":                {profile.FieldStatus},
		"RO177 must have RO76 as one of the non-primary roles": {profile.FieldRoles},
		"Only one primary role is allowed per organisation":    {profile.FieldRoles},
		"Product ID header is required":                        nil,
		"body identifier: invalid ODS code format: 'A81001'":   nil,
	} {
		var o outcome
		issue := fhirObject{"severity": "error", "diagnostics": text}
		require.NoError(t, json.Unmarshal([]byte(fhirJSON(fhirObject{"resourceType": "OperationOutcome", "issue": []any{issue}})), &o))
		require.Equal(t, want, push.FieldsLeftOut(o.fields(d.Values)), text)
	}
}

// An event with as many dated periods as are sent, and the longest of everything else,
// fits the queue behind DoS; of more, the dated hours are left out.
func TestTheLargestEventFitsTheQueue(t *testing.T) {
	t.Parallel()
	dated := func(periods int) string {
		lines := make([]string, 0, periods)
		for n := range periods {
			lines = append(lines, time.Date(2027, 9, 10+n/8, 0, 0, 0, 0, time.UTC).Format("2006-01-02")+
				fmt.Sprintf(" %02d:00-%02d:30", 10+n%8, 10+n%8))
		}
		return strings.Join(lines, "\n")
	}
	var week []string
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		for n := range 9 {
			week = append(week, fmt.Sprintf("%s %02d:00-%02d:30", day, 10+n, 10+n))
		}
	}
	d := example(t, withField("dated-opening-times", dated(mostDated)), withField("opening-times", strings.Join(week, "\n")),
		withField("address", strings.Repeat(strings.Repeat("&", 199)+"\n", 5)), withField("name", strings.Repeat("<", 100)),
		withField("website", "https://xy.example.uk/"+strings.Repeat("p", 490)))
	require.Empty(t, leftOut(t, d))
	text, err := body(d)
	require.NoError(t, err)
	require.Less(t, len(text), 256<<10)
	require.Equal(t, map[string]string{"dated-opening-times": "1201 dated periods, an event of DoS holds 1200"},
		leftOut(t, example(t, withField("dated-opening-times", dated(mostDated+1)))))
}
