package dos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/profilesync/profilesync/connectors/dos/internal/ids"
	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

var (
	errNoSecret  = errors.New("it is empty")
	errMalformed = errors.New("malformed success")
)

// byODSCode reads through the REST service of DoS with HTTP Basic
// (CONTRACT.md "Reading back").
type byODSCode struct {
	address  string
	user     string
	password func() (string, error)
	client   *httpx.Client
}

func newByODSCode(base string, options ReadOptions) *byODSCode {
	return &byODSCode{
		address:  base + "/app/controllers/api/v1.0/services/byOdsCode/",
		user:     options.User,
		password: options.Password,
		client: httpx.New(httpx.Options{
			Name:   "services of DoS by ODS code",
			Limits: options.Limits.Or(httpx.Limits{PerSecond: 5, MaxBytes: 4 << 20}),
		}),
	}
}

const readingServices = "reading its services"

func (r *byODSCode) readServices(ctx context.Context, code profile.ODSCode) ([]Service, error) {
	content, err := r.fetch(ctx, code, readingServices)
	if err != nil {
		return nil, err
	}
	services, bad, err := decodeServices(code, content)
	if err != nil {
		return nil, asSinkError(code, readingServices, err)
	}
	if len(bad.parts) > 0 {
		return services, bad
	}
	return services, nil
}

// fetch returns the answer about a code. Doing says in errors what it was read for.
func (r *byODSCode) fetch(ctx context.Context, code profile.ODSCode, doing string) ([]byte, error) {
	ctx = httpx.WithRecord(ctx, code.String())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.address+url.PathEscape(code.String()), nil)
	if err != nil {
		return nil, asSinkError(code, doing, err)
	}
	password, err := secret(r.password)
	if err != nil {
		return nil, unauthorized(code, 0, "the password for reading: "+err.Error())
	}
	req.SetBasicAuth(r.user, password)
	req.Header.Set("Accept", "application/json")
	answer, err := r.client.Fetch(req)
	if err != nil {
		return nil, asSinkError(code, doing, err)
	}
	return answer.Body, nil
}

// badRowsError is the error of an answer in which some rows, or fields of rows, make no
// sense. All else in it was read.
type badRowsError struct {
	parts    []push.Unreadable
	nameless []string // the rows among them that do not say which service they are about
}

func (b badRowsError) Error() string { return push.Reasons(b.parts) }

// wireAnswer is an answer of byOdsCode. Pointers tell missing fields from empty ones.
type wireAnswer struct {
	Success *struct {
		Count    *int              `json:"serviceCount"`
		Services []json.RawMessage `json:"services"`
	} `json:"success"`
	Error *struct {
		Code int `json:"code"`
	} `json:"error"`
}

// wireHead says which service a row is about.
type wireHead struct {
	ID      string   `json:"id"`
	ODSCode string   `json:"odsCode"`
	Status  wireName `json:"status"`
	Type    wireName `json:"type"`
}

// wireService is the rest of a row. Each field is read by itself, so that one that
// makes no sense stops no other.
type wireService struct {
	Name         json.RawMessage `json:"name"`
	Address      json.RawMessage `json:"address"` // lines joined by $
	Postcode     json.RawMessage `json:"postcode"`
	Web          json.RawMessage `json:"web"`
	Phone        json.RawMessage `json:"phone"`
	OpenAllHours json.RawMessage `json:"openAllHours"` // is only shown to people
	Hours        json.RawMessage `json:"openingTimes"`
	CodePairs    json.RawMessage `json:"zCodes"`
}

type wireName struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// wireCodePair is what DoS calls a Z-code.
type wireCodePair struct {
	Group         int `json:"sg"`
	Discriminator int `json:"sd"`
}

// codePairs returns pairs in the form of package ids.
func codePairs(pairs []wireCodePair) (texts []string) {
	for _, p := range pairs {
		texts = append(texts, fmt.Sprintf("%d=%d", p.Group, p.Discriminator))
	}
	return texts
}

// rowsIn returns the rows of an answer, one for each service. It refuses an answer of
// another form, or with another number of services than it says. Its errors never hold
// the content of the answer.
func rowsIn(content []byte) ([]json.RawMessage, error) {
	var answer wireAnswer
	if err := json.Unmarshal(content, &answer); err != nil {
		return nil, fmt.Errorf("%w: not the JSON of byOdsCode", errMalformed)
	}
	if answer.Error != nil && answer.Error.Code >= http.StatusBadRequest {
		return nil, &httpx.StatusError{Status: answer.Error.Code, Method: http.MethodGet, URL: "byOdsCode, in a successful answer"}
	}
	if answer.Success == nil || answer.Success.Count == nil || *answer.Success.Count != len(answer.Success.Services) {
		return nil, fmt.Errorf("%w: the number of services differs from its count", errMalformed)
	}
	return answer.Success.Services, nil
}

// decodeServices returns the services that make sense, each once, and names what does
// not, never with its content. Of rows about the same service the first counts.
func decodeServices(code profile.ODSCode, content []byte) (services []Service, bad badRowsError, err error) {
	rows, err := rowsIn(content)
	if err != nil {
		return nil, bad, err
	}
	for i, raw := range rows {
		head, id, err := readHead(raw)
		switch {
		case errors.Is(err, errNoHead):
			row := rowName(i, len(rows))
			bad.nameless = append(bad.nameless, row)
			bad.parts = append(bad.parts, push.Unreadable{Code: code, Part: row, Reason: err.Error()})
			continue
		case err != nil || slices.ContainsFunc(services, func(s Service) bool { return s.ID == id }):
			continue
		}
		s, wrong := decodeService(head, id, raw)
		services = append(services, s)
		for _, w := range wrong {
			bad.parts = append(bad.parts, push.Unreadable{Code: code, Part: s.name() + ", " + w.what, Reason: w.why})
		}
	}
	return services, bad, nil
}

// rowName names a row that does not say which service it is about.
func rowName(i, of int) string { return fmt.Sprintf("service %d of %d", i+1, of) }

// wrong is a field of a row that makes no sense, and why.
type wrong struct{ what, why string }

var (
	errNoHead  = errors.New("no id, ODS code, status or type")
	errNotOurs = errors.New("not a type of pharmacies")
)

// readHead returns what a row says of which service it is about, with its id. The error
// is errNoHead if it does not say so, and errNotOurs if it does not, but says that no
// pharmacy has the service.
func readHead(raw json.RawMessage) (h wireHead, id int64, err error) {
	err = json.Unmarshal(raw, &h) // a field of the wrong type stops no other
	id, noID := strconv.ParseInt(h.ID, 10, 64)
	switch {
	case errors.Join(err, noID) == nil && h.ODSCode != "" && h.Status.ID != 0 && h.Type.ID != 0:
		return h, id, nil
	case h.Type.ID != 0 && ids.TypeNames[h.Type.ID] == "":
		return h, 0, errNotOurs
	}
	return h, 0, errNoHead
}

// decodeService reads the rest of a row.
func decodeService(head wireHead, id int64, raw json.RawMessage) (Service, []wrong) {
	var w wireService
	_ = json.Unmarshal(raw, &w) // any object is one
	s := Service{
		ID: id, ODSCode: head.ODSCode,
		Type: head.Type.ID, TypeName: cleanText(head.Type.Name), Status: head.Status.ID, StatusName: cleanText(head.Status.Name),
	}
	name, _ := textOf(w.Name)
	s.Name = cleanText(name)
	s.OpenAllHours = string(w.OpenAllHours) == "true"
	if ids.TypeNames[s.Type] == "" { // no pharmacy has it
		return s, nil
	}
	return s, w.readInto(&s)
}

// readInto reads the values of a service, each by itself, and returns those that make
// no sense.
func (w wireService) readInto(s *Service) (bad []wrong) {
	note := func(f profile.Field, why string) {
		if why != "" {
			s.NotVisible, bad = append(s.NotVisible, f), append(bad, wrong{f.String(), why})
		}
	}
	var phone struct {
		Public json.RawMessage `json:"public"`
	}
	if json.Unmarshal(w.Phone, &phone) != nil {
		phone.Public = nil
	}
	for _, row := range []struct {
		field profile.Field
		raw   json.RawMessage
		form  func(string) string
	}{
		{profile.FieldAddress, w.Address, func(text string) string { return strings.Join(cleanLines(text, "$"), "\n") }},
		{profile.FieldPostcode, w.Postcode, func(text string) string { return profile.NormalisePostcode(cleanText(text)) }},
		{profile.FieldPhone, phone.Public, cleanText},
		{profile.FieldWebsite, w.Web, cleanText},
	} {
		text, why := textOf(row.raw)
		if why == "" {
			s.Values.Set(row.field, row.form(text))
		}
		note(row.field, why)
	}
	weekly, dated := readHours(w.Hours, &s.Values)
	note(profile.FieldOpeningTimes, weekly)
	note(profile.FieldDatedOpeningTimes, dated)
	var pairs []wireCodePair
	if json.Unmarshal(w.CodePairs, &pairs) != nil || pairs == nil {
		note(profile.FieldServices, "no Z-codes")
	}
	s.CodePairs = codePairs(pairs)
	return bad
}

// textOf reads a text that may be null, which means empty, or missing, which does not.
func textOf(raw json.RawMessage) (text, why string) {
	switch {
	case raw == nil:
		return "", "it is missing"
	case json.Unmarshal(raw, &text) != nil:
		return "", "it is not a text"
	}
	return text, ""
}

// cleanText removes control characters and extra spaces, which no text of DoS should have.
func cleanText(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

func cleanLines(text, separator string) (lines []string) {
	for line := range strings.SplitSeq(text, separator) {
		if line = cleanText(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
