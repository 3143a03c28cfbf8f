package dostest

import (
	"net/http"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

const (
	fhirType     = "application/fhir+json"
	errorSystem  = "http://fhir.nhs.uk/CodeSystem/http-error-codes"
	resultSystem = "http://terminology.hl7.org/CodeSystem/operation-outcome"
)

type outcome struct {
	ResourceType string  `json:"resourceType"`
	Issue        []issue `json:"issue"`
}

type issue struct {
	Severity    string   `json:"severity"`
	Code        string   `json:"code"`
	Details     *concept `json:"details,omitempty"`
	Diagnostics string   `json:"diagnostics"`
}

type concept struct {
	Coding []coding `json:"coding"`
	Text   string   `json:"text,omitempty"`
}

type coding struct {
	System  string `json:"system,omitempty"`
	Code    string `json:"code,omitempty"`
	Display string `json:"display,omitempty"`
}

func fhirReply(status int, body any) simulate.Answer {
	return simulate.Encoded(status, fhirType, body)
}

func outcomeReply(status int, severity, code string, detail coding, text, diagnostics string) simulate.Answer {
	return fhirReply(status, outcome{"OperationOutcome", []issue{{
		Severity: severity, Code: code, Details: &concept{[]coding{detail}, text}, Diagnostics: diagnostics,
	}}})
}

// badRequest returns the answer to an invalid search (recorded 400s).
func badRequest(code, text, diagnostics string) simulate.Answer {
	detail := coding{errorSystem, "BAD_REQUEST", "The Server was unable to process the request."}
	return outcomeReply(http.StatusBadRequest, "error", code, detail, text, diagnostics)
}

// unprocessable returns the answer to a body or id that validation refused.
func unprocessable(diagnostics string) simulate.Answer {
	detail := coding{errorSystem, "UNPROCESSABLE_ENTITY", "Message was not malformed but deemed unprocessable by the API."}
	return outcomeReply(http.StatusUnprocessableEntity, "error", "invalid", detail, diagnostics, diagnostics)
}

// wrongMedia returns the answer to a wrong header: an issue without details.
func wrongMedia(status int, code, diagnostics string) simulate.Answer {
	return fhirReply(status, outcome{"OperationOutcome", []issue{{Severity: "error", Code: code, Diagnostics: diagnostics}}})
}

func notFoundByID() simulate.Answer {
	detail := coding{errorSystem, "NOT_FOUND", "The Server was unable to find the specified resource."}
	return outcomeReply(http.StatusNotFound, "error", "not-found", detail,
		"The requested organisation was not found", "Organisation not found.")
}

// refusals holds issue code, coding code and display by status, for errors of the proxy
// and of the server (CONTRACT.md "Ingest answers").
var refusals = map[int][3]string{
	http.StatusUnauthorized:    {"login", "UNAUTHORIZED", "Invalid or expired access token"},
	http.StatusForbidden:       {"forbidden", "FORBIDDEN", "Access denied"},
	http.StatusConflict:        {"conflict", "CONFLICT", "Resource already exists"},
	http.StatusTooManyRequests: {"throttled", "SEND_TOO_MANY_REQUESTS", "Too many requests"},
	http.StatusNotFound:        {"not-found", "NOT_FOUND", "The Server was unable to find the specified resource."},
}

func fhirRefusal(status int) simulate.Answer {
	words, listed := refusals[status]
	switch {
	case listed:
		return outcomeReply(status, "error", words[0], coding{errorSystem, words[1], words[2]}, words[2], words[2])
	case status >= http.StatusInternalServerError:
		detail := coding{errorSystem, "SERVER_ERROR", "The Server has encountered an error processing the request."}
		return outcomeReply(status, "fatal", "exception", detail, "Unhandled exception occurred", "Unhandled exception occurred")
	}
	text := http.StatusText(status)
	return outcomeReply(status, "error", "invalid", coding{errorSystem, "BAD_REQUEST", text}, text, text)
}
