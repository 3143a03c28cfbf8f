package erstest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/ers/erstest"
	"github.com/profilesync/profilesync/connectors/internal/apim"
	"github.com/profilesync/profilesync/connectors/internal/apim/apimtest"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/services"
)

const (
	servicesPath = "/R4/HealthcareService"
	specials     = "/STU3/CodeSystem/SPECIALTY"
)

type call struct {
	method, path, body, token string
	header                    map[string]string
}

type reply struct {
	status int // 0: no answer; below 0: the body was cut short
	header http.Header
	text   string
	body   map[string]any
}

func (c call) to(t *testing.T, base string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), c.method, base+c.path, strings.NewReader(c.body))
	require.NoError(t, err)
	for name, value := range c.header {
		req.Header.Set(name, value)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	req.Close = true // on a reused connection net/http repeats a GET that broke
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{status: -resp.StatusCode}
	}
	r := reply{status: resp.StatusCode, header: resp.Header, text: string(text)}
	_ = json.Unmarshal(text, &r.body)
	return r
}

func get(path string) call { return call{method: http.MethodGet, path: path} }

// code returns the code of an OperationOutcome, with its issue code and system.
func (r reply) code() string {
	issues, _ := r.body["issue"].([]any)
	if len(issues) != 1 {
		return ""
	}
	issue := issues[0].(map[string]any)
	coding := issue["details"].(map[string]any)["coding"].([]any)[0].(map[string]any)
	system := coding["system"].(string)
	return issue["code"].(string) + " " + coding["code"].(string) + " " + system[strings.LastIndex(system, "/")+1:]
}

// found lists the ids of a bundle.
func (r reply) found() (ids []string) {
	entries, _ := r.body["entry"].([]any)
	for _, entry := range entries {
		ids = append(ids, entry.(map[string]any)["resource"].(map[string]any)["id"].(string))
	}
	return ids
}

// recorded returns the services of the official sandbox.
func recorded() *erstest.World {
	w := erstest.NewWorld(1, nil, 0)
	one := erstest.Service{Published: true, Type: erstest.TypeArray}
	one.ID, one.Name, one.Sites = "1", "Direct Service With Minimal", []profile.ODSCode{"R6901"}
	two := one
	two.ID, two.Name, two.Hours, two.Instructions = "2", "Direct SVC 1", "9-5 Mon-Fri", "Instructions"
	two.Contacts = []services.Point{
		{Purpose: "PATINF", System: "phone", Value: "01234567890"},
		{Purpose: "HEALTHCARE_PROFESSIONALS", System: "email", Value: "service@email.com"},
	}
	two.AppointmentTypes = []services.Coding{{Code: "DAY_CASE", Display: "Day Case"}}
	two.RequestFlows = []services.Coding{{Code: "BOOKABLE", Display: "A service which supports a patient appointment"}}
	two.Bookable = []services.Coding{{Code: "DIRECTLY_BOOKABLE", Display: "Directly Bookable"}}
	if err := w.Add(one, two); err != nil {
		panic(err)
	}
	return w
}

// many returns n visible services, with the numbers 1 to n.
func many(n int) *erstest.World {
	w := erstest.NewWorld(1, nil, 0)
	for i := range n {
		s := erstest.Service{Published: true}
		s.ID, s.Name, s.Sites = id(i+1), "S", []profile.ODSCode{"R6901"}
		if err := w.Add(s); err != nil {
			panic(err)
		}
	}
	return w
}

// tokenOf gets a token as the connector does.
func tokenOf(t *testing.T, base, client string) (string, error) {
	t.Helper()
	tokens, err := apim.New(apim.Options{
		TokenURL: erstest.Root(base) + erstest.TokenPath, ClientID: client, KeyID: "k", Key: apimtest.Key(),
		Attempts: 1, Backoff: time.Millisecond,
	})
	require.NoError(t, err)
	return tokens.Token(t.Context())
}
