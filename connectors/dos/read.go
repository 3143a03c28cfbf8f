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

	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/profile"
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
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.address+url.PathEscape(code.String()), nil)
	if err != nil {
		return nil, asSinkError(code, readingServices, err)
	}
	password, err := secret(r.password)
	if err != nil {
		return nil, unauthorized(code, 0, "the password for reading: "+err.Error())
	}
	req.SetBasicAuth(r.user, password)
	req.Header.Set("Accept", "application/json")
	answer, err := r.client.Fetch(req)
	if err != nil {
		return nil, asSinkError(code, readingServices, err)
	}
	services, err := decodeServices(answer.Body)
	if err != nil {
		return nil, asSinkError(code, readingServices, err)
	}
	return services, nil
}

// wireAnswer is an answer of byOdsCode. Pointers tell missing fields from empty ones.
type wireAnswer struct {
	Success *struct {
		Count    *int          `json:"serviceCount"`
		Services []wireService `json:"services"`
	} `json:"success"`
	Error *struct {
		Code int `json:"code"`
	} `json:"error"`
}

type wireService struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	ODSCode  string    `json:"odsCode"`
	Status   wireName  `json:"status"`
	Type     wireName  `json:"type"`
	Address  wireText  `json:"address"` // lines joined by $
	Postcode wireText  `json:"postcode"`
	Web      wireText  `json:"web"`
	Phone    wirePhone `json:"phone"`
	// OpenAllHours is only shown to people.
	OpenAllHours bool         `json:"openAllHours"`
	Hours        *wireHours   `json:"openingTimes"`
	ZCodes       *[]wireZCode `json:"zCodes"`
}

type wireName struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

type wirePhone struct {
	Public wireText `json:"public"`
}

type wireZCode struct {
	Group         int `json:"sg"`
	Discriminator int `json:"sd"`
}

// palliativeZCode marks a palliative care stockholder
// (CONTRACT.md "Services and their ids").
var palliativeZCode = wireZCode{Group: 360, Discriminator: 14167}

// wireText is a text that may be null, which means empty, or missing, which does not.
type wireText struct {
	isPresent bool
	text      string
}

// UnmarshalJSON reads a string or null.
func (t *wireText) UnmarshalJSON(data []byte) error {
	t.isPresent = true
	return json.Unmarshal(data, &t.text)
}

// decodeServices refuses an answer with anything missing. Its errors never hold the
// content of the answer.
func decodeServices(content []byte) ([]Service, error) {
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
	services := make([]Service, 0, len(answer.Success.Services))
	for i, wire := range answer.Success.Services {
		s, err := wire.service()
		if err != nil {
			return nil, fmt.Errorf("%w: service %d of %d: %w", errMalformed, i+1, len(answer.Success.Services), err)
		}
		services = append(services, s)
	}
	return services, nil
}

func (w wireService) service() (Service, error) {
	id, err := strconv.ParseInt(w.ID, 10, 64)
	if err != nil || w.ODSCode == "" || w.Status.ID == 0 || w.Type.ID == 0 {
		return Service{}, errors.New("no id, ODS code, status or type")
	}
	s := Service{
		ID: id, Name: cleanText(w.Name), ODSCode: w.ODSCode,
		Type: w.Type.ID, TypeName: cleanText(w.Type.Name), Status: w.Status.ID, StatusName: cleanText(w.Status.Name),
		OpenAllHours: w.OpenAllHours,
	}
	if !slices.Contains(followedTypes, s.Type) && commissioned[s.Type] == "" {
		return s, nil
	}
	s.Values, err = w.values()
	if err == nil && w.ZCodes == nil {
		err = errors.New("no Z-codes")
	}
	if err != nil {
		return Service{}, err
	}
	s.Palliative = slices.Contains(*w.ZCodes, palliativeZCode)
	return s, nil
}

func (w wireService) values() (v profile.Values, err error) {
	if !w.Address.isPresent || !w.Postcode.isPresent || !w.Web.isPresent || !w.Phone.Public.isPresent || w.Hours == nil {
		return v, errors.New("no address, postcode, website, phone or opening times")
	}
	weekly, dated, err := w.Hours.texts()
	if err != nil {
		return v, err
	}
	v.Set(profile.FieldAddress, strings.Join(cleanLines(w.Address.text, "$"), "\n"))
	v.Set(profile.FieldPostcode, profile.NormalisePostcode(cleanText(w.Postcode.text)))
	v.Set(profile.FieldPhone, cleanText(w.Phone.Public.text))
	v.Set(profile.FieldWebsite, cleanText(w.Web.text))
	v.Set(profile.FieldOpeningTimes, weekly)
	v.Set(profile.FieldDatedOpeningTimes, dated)
	return v, nil
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
