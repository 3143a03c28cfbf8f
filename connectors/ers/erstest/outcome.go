package erstest

import (
	"net/http"
	"strings"
	"time"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

const (
	httpErrors      = "https://fhir.nhs.uk/CodeSystem/http-error-codes"
	apiErrors       = "https://fhir.nhs.uk/CodeSystem/NHSD-API-ErrorOrWarningCode"
	ersErrors       = "https://fhir.nhs.uk/CodeSystem/ers-error-codes"
	stu3Errors      = "https://fhir.nhs.uk/STU3/CodeSystem/eRS-APIErrorCode-1"
	stu3Outcome     = "https://fhir.nhs.uk/STU3/StructureDefinition/eRS-OperationOutcome-1"
	gatewayOutcome  = "https://www.hl7.org/fhir/R4/operationoutcome.html"
	textType        = "text/plain; charset=utf-8"
	htmlType        = "text/html; charset=utf-8"
	page            = "<!DOCTYPE html><title>Sorry</title><h1>We will be back soon</h1>"
	wwwAuthenticate = `Bearer realm="null",error="invalid_token",` +
		`error_description="oauth.v2.InvalidAccessToken: Invalid access token"`
	apigeeFault = `{"fault":{"faultstring":"Unresolved variable : app.app-restricted-ods-code",` +
		`"detail":{"errorcode":"entities.UnresolvedVariable"}}}`
)

// reason is a row of the table in CONTRACT.md "Errors"; without a system it has no FHIR
// body.
type reason struct {
	status      int
	code        string // details.coding.code
	issue       string
	system      string
	diagnostics string
}

var reasons = map[FaultName]reason{
	simulate.Error(400):   {400, "REC_BAD_REQUEST", "invalid", httpErrors, "_id: want 1 to 20 ids"},
	MissingHeader:         {400, "MISSING_HEADER", "required", apiErrors, "Missing header"},
	simulate.Unauthorized: {401, "ACCESS_DENIED", "login", apiErrors, "Invalid access token"},
	UnauthorizedForbidden: {401, "ACCESS_DENIED", "forbidden", apiErrors, "Invalid access token"},
	simulate.Error(403):   {403, "REC_FORBIDDEN", "forbidden", httpErrors, "This business function may not use this endpoint"},
	AccessDenied:          {403, "ACCESS_DENIED", "forbidden", apiErrors, "Header is not allowed or ODS code is not authorised"},
	NoASID:                {403, "ACCESS_DENIED", "forbidden", apiErrors, "ASID is not configured in the application"},
	NoRelationship:        {403, "NO_RELATIONSHIP", "forbidden", ersErrors, "No relationship with the service"},
	ForbiddenEmpty:        {status: 403},
	simulate.Error(404):   {404, "REC_NOT_FOUND", "not-found", httpErrors, "No such service"},
	NotFoundText:          {status: 404},
	simulate.Error(406):   {406, "REC_NOT_ACCEPTABLE", "not-supported", httpErrors, "Accept: want " + fhirType},
	simulate.Error(415):   {415, "REC_UNSUPPORTED_MEDIA_TYPE", "not-supported", httpErrors, "Content-Type: want " + fhirType},
	simulate.Throttled:    {429, "TOO_MANY_REQUESTS", "throttled", apiErrors, "Too many requests"},
	ThrottledEmpty:        {status: 429},
	simulate.Error(500):   {500, "REC_SERVER_ERROR", "exception", httpErrors, "Internal server error"},
	ServiceError:          {500, "SERVICE_ERROR", "exception", apiErrors, "Service error"},
	ServerErrorApigee:     {status: 500},
	ServerErrorHTML:       {status: 500},
	ServerErrorEmpty:      {status: 500},
	simulate.Error(503):   {503, "REC_UNAVAILABLE", "transient", httpErrors, ""},
	UnavailableEmpty:      {status: 503},
}

// tokenReasons are the rows of data/ers/token_endpoint_cases.json that an assertion
// cannot cause.
var tokenReasons = map[FaultName]reason{
	NoJWKS: {403, "public_key error", "", "", "You need to register a public key to use this authentication method" +
		" - please contact support to configure"},
	JWKSUnreachable: {403, "public_key error", "", "", "The JWKS endpoint, for your client_assertion can't be reached"},
	NoProduct: {401, "unauthorized_client", "", "", "you have tried to request authorization but your application is not configured" +
		" to use this authorization grant type"},
}

// stu3Codes are the only errors of an STU3 path that have a FHIR body.
var stu3Codes = map[FaultName][2]string{
	simulate.Error(403): {"FORBIDDEN", "Forbidden"}, AccessDenied: {"NO_ACCESS", "No access"}, NoASID: {"NO_ACCESS", "No access"},
	NoRelationship: {"NO_ACCESS", "No access"}, simulate.Error(503): {"SYSTEM_UNAVAILABLE", "System Unavailable"},
}

func reasonOf(name FaultName) reason {
	if row, known := reasons[name]; known {
		return row
	}
	if row, known := tokenReasons[name]; known {
		return row
	}
	return reason{status: name.Status()}
}

// refusal returns the answer of a fault, in the form of that call.
func refusal(name FaultName, kind Kind, now time.Time) simulate.Answer {
	row := reasonOf(name)
	a := simulate.Answer{Status: row.status}
	switch {
	case special(name, &a) || kind == Token && tokenRefusal(row, &a):
	case kind == stu3:
		a = stu3Refusal(name, row)
	case row.system != "":
		a = simulate.Encoded(row.status, fhirType, outcomeOf(row, now))
	}
	if a.Status == http.StatusUnauthorized && kind != Token {
		a = a.With("WWW-Authenticate", wwwAuthenticate)
	}
	return a
}

// special sets bodies that are not FHIR on any path.
func special(name FaultName, a *simulate.Answer) bool {
	switch name {
	case NotFoundText:
		a.Type, a.Body = textType, []byte("Not Found\n")
	case ServerErrorApigee:
		a.Type, a.Body = simulate.JSONType, []byte(apigeeFault)
	case ServerErrorHTML:
		a.Type, a.Body = htmlType, []byte(page)
	default:
		return false
	}
	return true
}

func tokenRefusal(row reason, a *simulate.Answer) bool {
	if row.code == "" {
		return false
	}
	*a = simulate.JSON(row.status, map[string]string{
		"error": strings.ToLower(row.code), "error_description": row.diagnostics, "message_id": "rrt-0",
	})
	return true
}

func stu3Refusal(name FaultName, row reason) simulate.Answer {
	code, fhir := stu3Codes[name]
	switch {
	case fhir:
		body := outcomeOf(row, time.Time{})
		body.Meta = outcomeMeta{Profile: []string{stu3Outcome}}
		body.Issue[0].Details.Coding[0] = coding{System: stu3Errors, Code: code[0], Display: code[1]}
		return simulate.Encoded(row.status, fhirType, body)
	case row.status == http.StatusNotAcceptable || row.status == http.StatusUnsupportedMediaType:
		return simulate.Answer{Status: row.status, Type: "text/plain;charset=utf-8", Body: []byte(http.StatusText(row.status))}
	}
	return simulate.Answer{Status: row.status}
}

type outcome struct {
	ResourceType string      `json:"resourceType"`
	Meta         outcomeMeta `json:"meta"`
	Issue        []issue     `json:"issue"`
}

type outcomeMeta struct {
	LastUpdated string   `json:"lastUpdated,omitempty"`
	Profile     []string `json:"profile,omitempty"`
}

type issue struct {
	Severity    string   `json:"severity"`
	Code        string   `json:"code"`
	Details     codeable `json:"details"`
	Diagnostics string   `json:"diagnostics,omitempty"`
}

// outcomeOf returns an outcome of the API, or of the gateway with its profile.
func outcomeOf(row reason, now time.Time) outcome {
	meta := outcomeMeta{LastUpdated: now.UTC().Format(stampLayout)}
	if row.system == apiErrors {
		meta.Profile = []string{gatewayOutcome}
	}
	return outcome{
		ResourceType: "OperationOutcome", Meta: meta,
		Issue: []issue{{
			Severity: "error", Code: row.issue, Diagnostics: row.diagnostics,
			Details: codeable{Coding: []coding{{System: row.system, Code: row.code}}},
		}},
	}
}
