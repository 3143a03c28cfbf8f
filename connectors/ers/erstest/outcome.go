package erstest

import (
	"net/http"
	"strings"
	"time"
)

// Way is one way to treat a request badly.
type Way string

// The refusals of CONTRACT.md "Errors", each as a fault. On an STU3 path they have
// that path's bodies, at the token endpoint its own
// (connectors/internal/apim/CONTRACT.md "Errors").
const (
	BadRequest           Way = "bad request"             // 400 REC_BAD_REQUEST
	MissingHeader        Way = "missing header"          // 400 MISSING_HEADER
	Unauthorized         Way = "unauthorized"            // 401 ACCESS_DENIED, issue code login
	UnauthorizedForbid   Way = "unauthorized forbidden"  // 401 ACCESS_DENIED, issue code forbidden
	Forbidden            Way = "forbidden"               // 403 REC_FORBIDDEN
	AccessDenied         Way = "access denied"           // 403 ACCESS_DENIED
	NoASID               Way = "no asid"                 // 403 ACCESS_DENIED of an app without ASID
	NoRelationship       Way = "no relationship"         // 403 NO_RELATIONSHIP
	ForbiddenEmpty       Way = "forbidden empty"         // 403 without a body
	NotFound             Way = "not found"               // 404 REC_NOT_FOUND
	NotFoundText         Way = "not found text"          // 404 text/plain, as the sandbox
	NotAcceptable        Way = "not acceptable"          // 406 REC_NOT_ACCEPTABLE
	UnsupportedMedia     Way = "unsupported media"       // 415 REC_UNSUPPORTED_MEDIA_TYPE
	TooManyRequests      Way = "too many requests"       // 429 TOO_MANY_REQUESTS
	TooManyRequestsEmpty Way = "too many requests empty" // 429 without a body
	ServerError          Way = "server error"            // 500 REC_SERVER_ERROR
	ServiceError         Way = "service error"           // 500 SERVICE_ERROR
	ServerErrorApigee    Way = "server error apigee"     // 500 {"fault":…}
	ServerErrorHTML      Way = "server error html"       // 500 with a page
	ServerErrorEmpty     Way = "server error empty"      // 500 without a body
	Unavailable          Way = "unavailable"             // 503 REC_UNAVAILABLE; RetryAfter is the fault's
	UnavailableEmpty     Way = "unavailable empty"       // 503 without a body
	NoJWKS               Way = "no jwks"                 // token endpoint, 403
	JWKSUnreachable      Way = "jwks unreachable"        // token endpoint, 403
	NoProduct            Way = "no product"              // token endpoint, 401 unauthorized_client
	httpErrors               = "https://fhir.nhs.uk/CodeSystem/http-error-codes"
	apiErrors                = "https://fhir.nhs.uk/CodeSystem/NHSD-API-ErrorOrWarningCode"
	ersErrors                = "https://fhir.nhs.uk/CodeSystem/ers-error-codes"
	stu3Errors               = "https://fhir.nhs.uk/STU3/CodeSystem/eRS-APIErrorCode-1"
	stu3Outcome              = "https://fhir.nhs.uk/STU3/StructureDefinition/eRS-OperationOutcome-1"
	gatewayOutcome           = "https://www.hl7.org/fhir/R4/operationoutcome.html"
	textType                 = "text/plain; charset=utf-8"
	htmlType                 = "text/html; charset=utf-8"
	page                     = "<!DOCTYPE html><title>Sorry</title><h1>We will be back soon</h1>"
	wwwAuthenticate          = `Bearer realm="null",error="invalid_token",` +
		`error_description="oauth.v2.InvalidAccessToken: Invalid access token"`
	apigeeFault = `{"fault":{"faultstring":"Unresolved variable : app.app-restricted-ods-code",` +
		`"detail":{"errorcode":"entities.UnresolvedVariable"}}}`
)

// reason is a row of the table of CONTRACT.md "Errors"; system "" has no FHIR body.
type reason struct {
	status      int
	code        string // details.coding.code
	issue       string
	system      string
	diagnostics string
}

var reasons = map[Way]reason{
	BadRequest:           {400, "REC_BAD_REQUEST", "invalid", httpErrors, "_id: want 1 to 20 ids"},
	MissingHeader:        {400, "MISSING_HEADER", "required", apiErrors, "Missing header"},
	Unauthorized:         {401, "ACCESS_DENIED", "login", apiErrors, "Invalid access token"},
	UnauthorizedForbid:   {401, "ACCESS_DENIED", "forbidden", apiErrors, "Invalid access token"},
	Forbidden:            {403, "REC_FORBIDDEN", "forbidden", httpErrors, "This business function may not use this endpoint"},
	AccessDenied:         {403, "ACCESS_DENIED", "forbidden", apiErrors, "Header is not allowed or ODS code is not authorised"},
	NoASID:               {403, "ACCESS_DENIED", "forbidden", apiErrors, "ASID is not configured in the application"},
	NoRelationship:       {403, "NO_RELATIONSHIP", "forbidden", ersErrors, "No relationship with the service"},
	ForbiddenEmpty:       {status: 403},
	NotFound:             {404, "REC_NOT_FOUND", "not-found", httpErrors, "No such service"},
	NotFoundText:         {status: 404},
	NotAcceptable:        {406, "REC_NOT_ACCEPTABLE", "not-supported", httpErrors, "Accept: want " + fhirType},
	UnsupportedMedia:     {415, "REC_UNSUPPORTED_MEDIA_TYPE", "not-supported", httpErrors, "Content-Type: want " + fhirType},
	TooManyRequests:      {429, "TOO_MANY_REQUESTS", "throttled", apiErrors, "Too many requests"},
	TooManyRequestsEmpty: {status: 429},
	ServerError:          {500, "REC_SERVER_ERROR", "exception", httpErrors, "Internal server error"},
	ServiceError:         {500, "SERVICE_ERROR", "exception", apiErrors, "Service error"},
	ServerErrorApigee:    {status: 500},
	ServerErrorHTML:      {status: 500},
	ServerErrorEmpty:     {status: 500},
	Unavailable:          {503, "REC_UNAVAILABLE", "transient", httpErrors, ""},
	UnavailableEmpty:     {status: 503},
}

// tokenReasons are rows of data/ers/token_endpoint_cases.json that are no fault
// of an assertion.
var tokenReasons = map[Way]reason{
	NoJWKS: {403, "public_key error", "", "", "You need to register a public key to use this authentication method" +
		" - please contact support to configure"},
	JWKSUnreachable: {403, "public_key error", "", "", "The JWKS endpoint, for your client_assertion can't be reached"},
	NoProduct: {401, "unauthorized_client", "", "", "you have tried to request authorization but your application is not configured" +
		" to use this authorization grant type"},
}

// stu3Codes are the only errors of an STU3 path that have a FHIR body.
var stu3Codes = map[Way][2]string{
	Forbidden: {"FORBIDDEN", "Forbidden"}, AccessDenied: {"NO_ACCESS", "No access"}, NoASID: {"NO_ACCESS", "No access"},
	NoRelationship: {"NO_ACCESS", "No access"}, Unavailable: {"SYSTEM_UNAVAILABLE", "System Unavailable"},
}

// refusal is the answer of a way, as that call gives it.
func refusal(way Way, kind Kind, now time.Time) answer {
	row, known := reasons[way]
	if !known {
		row = tokenReasons[way]
	}
	a := answer{status: row.status}
	switch {
	case special(way, &a) || kind == Token && tokenRefusal(row, &a):
	case kind == stu3:
		a = stu3Refusal(way, row)
	case row.system != "":
		a = encoded(row.status, fhirType, outcomeOf(row, now))
	}
	if a.status == http.StatusUnauthorized && kind != Token {
		a = a.with("WWW-Authenticate", wwwAuthenticate)
	}
	return a
}

// special fills in bodies that are no FHIR on any path.
func special(way Way, a *answer) bool {
	switch way {
	case NotFoundText:
		a.kind, a.body = textType, []byte("Not Found\n")
	case ServerErrorApigee:
		a.kind, a.body = "application/json", []byte(apigeeFault)
	case ServerErrorHTML:
		a.kind, a.body = htmlType, []byte(page)
	default:
		return false
	}
	return true
}

func tokenRefusal(row reason, a *answer) bool {
	if row.code == "" {
		return false
	}
	*a = encoded(row.status, "application/json", map[string]string{
		"error": strings.ToLower(row.code), "error_description": row.diagnostics, "message_id": "rrt-0",
	})
	return true
}

func stu3Refusal(way Way, row reason) answer {
	code, fhir := stu3Codes[way]
	switch {
	case fhir:
		body := outcomeOf(row, time.Time{})
		body.Meta = outcomeMeta{Profile: []string{stu3Outcome}}
		body.Issue[0].Details.Coding[0] = coding{System: stu3Errors, Code: code[0], Display: code[1]}
		return encoded(row.status, fhirType, body)
	case row.status == http.StatusNotAcceptable || row.status == http.StatusUnsupportedMediaType:
		return answer{status: row.status, kind: "text/plain;charset=utf-8", body: []byte(http.StatusText(row.status))}
	}
	return answer{status: row.status}
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

// outcomeOf writes what the API says, and what the gateway says with its profile.
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
