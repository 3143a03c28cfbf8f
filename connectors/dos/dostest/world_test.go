package dostest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/dos/dostest"
	"github.com/profilesync/profilesync/connectors/realdata"
)

const key = "made-up-key"

// world is a server and its client.
type world struct {
	t    testing.TB
	s    *dostest.Server
	base string
	http *http.Client
	now  *atomic.Int64 // nanoseconds of the epoch
}

// start serves with a key and a clock that is stopped at noon on 2 November 2026.
func start(tb testing.TB, o dostest.Options) world {
	tb.Helper()
	now := new(atomic.Int64)
	now.Store(time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC).UnixNano())
	o.APIKey, o.Now = key, func() time.Time { return time.Unix(0, now.Load()).UTC() }
	s, base := dostest.Start(tb, o)
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	tb.Cleanup(transport.CloseIdleConnections)
	return world{tb, s, base, &http.Client{Transport: transport}, now}
}

func (w world) advance(d time.Duration) { w.now.Add(int64(d)) }

// answer is the answer to a request; its status is 0 if there was none.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

func (w world) do(method, path, body string, headers ...string) answer {
	w.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, w.base+path, bytes.NewReader([]byte(body)))
	require.NoError(w.t, err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := w.http.Do(request)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(text), err}
}

func (w world) post(sequence int64, body string, more ...string) answer {
	w.t.Helper()
	return w.do(http.MethodPost, dostest.EventPath, body, append([]string{
		"X-Api-Key", key, "Sequence-Number", strconv.FormatInt(sequence, 10), "Correlation-Id", "cid-" + strconv.FormatInt(sequence, 10),
		"Content-Type", "application/json",
	}, more...)...)
}

// send posts an event that the gateway must accept, and waits until it is processed.
func (w world) send(sequence int64, body string) dostest.Entry {
	w.t.Helper()
	got := w.post(sequence, body)
	require.Equal(w.t, 200, got.status, got.body)
	require.NoError(w.t, w.s.AwaitEmptyQueue(context.Background()))
	effects := w.s.Effects(codeIn(w.t, body))
	return effects[len(effects)-1]
}

func codeIn(tb testing.TB, body string) string {
	tb.Helper()
	var e struct {
		ODSCode string `json:"ODSCode"`
	}
	require.NoError(tb, json.Unmarshal([]byte(body), &e))
	return e.ODSCode
}

// service returns the service with this code.
func (w world) service(code string) dostest.Service {
	w.t.Helper()
	for _, s := range w.s.Services(code) {
		if s.ODSCode == code {
			return s
		}
	}
	require.Fail(w.t, "no service "+code)
	return dostest.Service{}
}

type fields = map[string]any

// eventOf returns a whole change event of FA001. The value nil becomes null, and the
// value absent leaves the field out.
func eventOf(tb testing.TB, changed fields) string {
	tb.Helper()
	e := fields{
		"ODSCode": "FA001", "OrganisationName": "Example Pharmacy", "OrganisationTypeId": "PHA", "OrganisationType": "Pharmacy",
		"OrganisationSubType": "Community", "OrganisationStatus": "Visible", "Address1": "1 HIGH STREET", "Address2": nil, "City": "LEEDS",
		"Postcode": "LS1 1AA", "Services": []any{}, "UecServices": []any{},
		"Contacts":     []any{contact("Telephone", "0113 200 0000"), contact("Website", "https://www.Example.co.uk/Leeds")},
		"OpeningTimes": []any{weekly("Monday", "09:00", "13:00"), weekly("Monday", "14:00", "17:30")},
		"Staff":        []any{fields{"GivenName": "Ada"}},
	}
	maps.Copy(e, changed)
	for name, value := range changed {
		if value == absent {
			delete(e, name)
		}
	}
	body, err := json.Marshal(e)
	require.NoError(tb, err)
	return string(body)
}

const absent = "field left out"

func contact(method, value string) fields {
	return fields{"ContactType": "Primary", "ContactAvailabilityType": "Office hours", "ContactMethodType": method, "ContactValue": value}
}

func weekly(day, from, to string) fields {
	return fields{
		"Weekday": day, "OpeningTime": from, "ClosingTime": to, "OffsetOpeningTime": 1, "OffsetClosingTime": 2,
		"OpeningTimeType": "General", "AdditionalOpeningDate": "", "IsOpen": from != "",
	}
}

// general completes a row with its type and Monday.
func general(row fields) fields {
	row["OpeningTimeType"], row["Weekday"] = "General", "Monday"
	return row
}

func dated(date, from, to string) fields {
	return fields{
		"Weekday": "", "OpeningTime": from, "ClosingTime": to, "OpeningTimeType": "Additional", "AdditionalOpeningDate": date,
		"IsOpen": from != "",
	}
}

func services(codes ...string) []any {
	list := []any{}
	for _, code := range codes {
		list = append(list, fields{"ServiceName": "a name", "ServiceDescription": nil, "ServiceCode": code})
	}
	return list
}

// sample reads a real sample.
func sample(t *testing.T, name string) string {
	t.Helper()
	return string(realdata.Read(t, "dos", name))
}

func linesOf(body string) iter.Seq[string] { return strings.Lines(body) }
