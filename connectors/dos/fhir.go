package dos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/apim"
	"github.com/profilesync/profilesync/connectors/internal/httpx"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// fhirType is the exact value of Accept and Content-Type: a charset gets a 415
// (CONTRACT.md "The ingest API").
const fhirType = "application/fhir+json"

// Tokens sign requests; Application.Tokens makes them. The sandbox needs none.
type Tokens = apim.Source

// IngestOptions say where the organisations of GP practices are read and
// written (CONTRACT.md "The ingest API").
type IngestOptions struct {
	URL       string       // base address, up to and including /FHIR/R4
	Tokens    Tokens       // nil in the sandbox
	ProductID string       // NHSE-Product-ID; empty if the platform adds it
	Limits    httpx.Limits // default 4 requests a second and 20 s: the proxy allows 300 a minute
}

// Ingest is the FHIR R4 ingest API of DoS, for GP practices only. It changes name,
// status, contacts and roles, but cannot change hours and address. It may be used
// concurrently.
type Ingest struct {
	base    string
	tokens  Tokens
	product string
	client  *httpx.Client
}

// NewIngest checks that the address is an http or https URL.
func NewIngest(o IngestOptions) (*Ingest, error) {
	base, err := baseAddress("ingest", o.URL)
	if err != nil {
		return nil, err
	}
	return &Ingest{base: base, tokens: o.Tokens, product: o.ProductID, client: httpx.New(httpx.Options{
		Name:              "DoS ingest",
		Limits:            o.Limits.Or(httpx.Limits{PerSecond: 4, Timeout: 20 * time.Second}),
		CorrelationHeader: "X-Correlation-ID",
		Pass: func(status int) bool { // their bodies say which field is wrong
			return status == http.StatusBadRequest || status == http.StatusNotFound || status == http.StatusUnprocessableEntity
		},
	})}, nil
}

// Route returns the route of GP practices. All its fields are shown, and Push leaves
// those alone that a delivery does not state.
func (*Ingest) Route() push.Route {
	fields := []profile.Field{
		profile.FieldName, profile.FieldStatus, profile.FieldPhone, profile.FieldEmail,
		profile.FieldWebsite, profile.FieldRoles,
	}
	return push.Route{Name: "fhir", Fields: fields, Readable: fields, Omittable: fields}
}

// Show returns what DoS shows of a practice. DoS changes the case of the name. Errors
// are *push.SinkError.
func (i *Ingest) Show(ctx context.Context, code profile.ODSCode) (push.Shown, error) {
	found, err := i.find(ctx, code)
	if err != nil || found == nil {
		return push.Shown{Code: code}, err
	}
	return found.show(code), nil
}

// ShowMany is Show for each code, in the given order. A practice that cannot be read is
// named in its Shown, and the rest goes on.
func (i *Ingest) ShowMany(ctx context.Context, codes []profile.ODSCode) ([]push.Shown, error) {
	return showEach(ctx, codes, i.Show)
}

// Push reads the practice and overwrites it, once. It must read first, since a PUT
// withdraws every telecom and role that it leaves out, and needs DoS's own id. The
// same delivery for the same shown practice makes the same request, byte for byte.
// Errors are *push.SinkError.
func (i *Ingest) Push(ctx context.Context, d push.Delivery) (push.Receipt, error) {
	if d.Type != profile.GPPractice {
		return push.Receipt{}, noRoute(d.Code, d.Type)
	}
	ctx = httpx.WithCorrelationID(ctx, httpx.TraceOr(ctx, d.Key))
	found, err := i.find(ctx, d.Code)
	if failure, ok := errors.AsType[*push.SinkError](err); ok && failure.Answer == push.AnswerRefused {
		failure.Answer = push.AnswerUnclear // a failed read is no refusal of the push
	}
	if err != nil {
		return push.Receipt{}, err
	}
	if found == nil {
		return push.Receipt{}, refusal(d.Code, "DoS does not know this practice, and the ingest API cannot create one: ask DoS to add it")
	}
	body, err := found.overwrite(d)
	if err != nil {
		return push.Receipt{}, err
	}
	receipt, details, err := i.put(ctx, d.Code, found.ID, body)
	if failure, ok := errors.AsType[*push.SinkError](err); ok && failure.Status == http.StatusUnprocessableEntity {
		failure.Fields = details.fields(d.Values)
	}
	return receipt, err
}

// find returns nil for a practice that DoS does not know.
func (i *Ingest) find(ctx context.Context, code profile.ODSCode) (*practice, error) {
	var found *practice
	err := apim.Authorized(ctx, i.tokens, func(token string) error {
		// Only the pipe is escaped, as in the API's own examples.
		req, err := i.request(httpx.WithRecord(ctx, code.String()), http.MethodGet, "?identifier="+odsSystem+"%7C"+code.String(), nil, token)
		if err != nil {
			return err
		}
		answer, err := i.client.Fetch(req)
		if err != nil {
			return err
		}
		found, err = readPractice(code, answer)
		return err
	})
	if err != nil {
		return nil, ingestFailure(code, "reading the practice", err)
	}
	return found, nil
}

func (i *Ingest) put(ctx context.Context, code profile.ODSCode, id string, body []byte) (
	receipt push.Receipt, details outcome, err error,
) {
	err = apim.Authorized(ctx, i.tokens, func(token string) error {
		req, err := i.request(httpx.WithRecord(ctx, code.String()), http.MethodPut, "/"+id, body, token)
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", fhirType)
		req.GetBody = nil // so that no layer below repeats it
		answer, err := i.client.Fetch(req)
		if err != nil {
			return err
		}
		receipt, details, err = readReceipt(code, answer)
		return err
	})
	if err != nil {
		return push.Receipt{}, details, ingestFailure(code, "overwriting the practice", err)
	}
	return receipt, details, nil
}

func (i *Ingest) request(ctx context.Context, method, rest string, body []byte, token string) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, i.base+"/Organization"+rest, content)
	if err != nil {
		return nil, errors.New("the address of the ingest API cannot be used")
	}
	req.Header.Set("Accept", fhirType)
	if i.product != "" {
		req.Header.Set("Nhse-Product-Id", i.product)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req, nil
}

// ingestFailure says what an error means. Without a token nothing was sent, so the
// error pauses the sink and is not the practice's fault.
func ingestFailure(code profile.ODSCode, doing string, err error) *push.SinkError {
	if ours, ok := errors.AsType[*push.SinkError](err); ok {
		return ours
	}
	failure := asSinkError(code, doing, err)
	if token, ok := errors.AsType[*apim.Error](err); ok {
		failure.Status, failure.Wait = token.Status, token.Wait
		switch {
		case token.Class != apim.Retryable:
			failure.Answer = push.AnswerUnauthorized
		case token.Status == http.StatusTooManyRequests:
			failure.Answer = push.AnswerLater
		default:
			failure.Answer = push.AnswerDown
		}
	}
	return failure
}

// readReceipt accepts only the two successes of the API
// (CONTRACT.md "Ingest answers"). It returns what the answer says, too.
func readReceipt(code profile.ODSCode, answer *httpx.Answer) (receipt push.Receipt, details outcome, err error) {
	err = json.Unmarshal(answer.Body, &details)
	if answer.Status >= http.StatusBadRequest {
		return push.Receipt{}, details, refusedBy(code, answer.Status, details)
	}
	if err == nil && !details.hasError() {
		switch {
		case details.hasCode("MSG_UPDATED"):
			return push.Receipt{Status: answer.Status}, details, nil
		case details.hasCode("MSG_NOT_UPDATED"):
			return push.Receipt{Status: answer.Status, Unchanged: true}, details, nil
		}
	}
	return push.Receipt{}, details, &push.SinkError{
		Sink: push.SinkDoS, Answer: push.AnswerUnclear, Status: answer.Status,
		Reason: fmt.Sprintf("%s: DoS's answer says neither that it was updated nor that no update was needed", code),
	}
}
