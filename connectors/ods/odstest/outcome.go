package odstest

import (
	"html"
	"net/http"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

const fhirType = "application/fhir+json"

type outcome struct {
	ResourceType string     `json:"resourceType"`
	Text         *narrative `json:"text,omitempty"`
	Issue        []issue    `json:"issue"`
}

type narrative struct {
	Status string `json:"status"`
	Div    string `json:"div"`
}

type issue struct {
	Severity    string   `json:"severity"`
	Code        string   `json:"code"`
	Details     *concept `json:"details,omitempty"`
	Diagnostics string   `json:"diagnostics"`
}

// write sends a body as compact JSON with its length.
func write(w http.ResponseWriter, status int, contentType string, body any) {
	simulate.Encoded(status, contentType, body).Send(w)
}

// hapi sends an error of the FHIR server itself, in its recorded form.
func hapi(w http.ResponseWriter, status int, diagnostics string) {
	hapiCode(w, status, "processing", diagnostics)
}

func hapiCode(w http.ResponseWriter, status int, code, diagnostics string) {
	write(w, status, fhirType, outcome{
		ResourceType: "OperationOutcome",
		Text: &narrative{"generated", `<div xmlns="http://www.w3.org/1999/xhtml"><h1>Operation Outcome</h1>` +
			`<table border="0"><tr><td style="font-weight: bold;">ERROR</td><td>[]</td><td>` +
			html.EscapeString(diagnostics) + `</td></tr></table></div>`},
		Issue: []issue{{Severity: "error", Code: code, Diagnostics: diagnostics}},
	})
}

// gateway sends an error of the proxy in front of it: the raw fault, wrapped
// (CONTRACT.md "Errors").
func gateway(w http.ResponseWriter, status int, display, fault string) {
	code := strconv.Itoa(status)
	write(w, status, simulate.JSONType, outcome{
		ResourceType: "OperationOutcome",
		Issue: []issue{{
			Severity: "error", Code: code, Details: &concept{Coding: []coding{{Code: code, Display: display}}},
			Diagnostics: `{"fault":{"faultstring":"` + fault + `","detail":{"errorcode":"` + strings.ReplaceAll(display, " ", "") + `"}}}`,
		}},
	})
}

func notKnown(w http.ResponseWriter, resource string) {
	hapi(w, http.StatusNotFound, "HAPI-2001: Resource "+resource+" is not known")
}

// refusal is the error of a status, in the words of the service that was called.
func refusal(status int, r *http.Request) simulate.Answer {
	return simulate.Held(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := http.StatusText(status)
		switch {
		case !strings.HasPrefix(r.URL.Path, FHIRPath):
			write(w, status, simulate.JSONType, map[string]string{"error": text})
		case status == http.StatusUnauthorized:
			gateway(w, status, text, "Invalid ApiKey")
		case status == http.StatusNotFound:
			notKnown(w, strings.TrimPrefix(r.URL.Path, FHIRPath+"/"))
		case status == http.StatusUnprocessableEntity:
			tooCostly(w)
		case status == http.StatusTooManyRequests:
			gateway(w, status, text, "Rate limit quota violation")
		case status >= http.StatusInternalServerError:
			gateway(w, status, text, "The Service is temporarily unavailable")
		default:
			hapi(w, status, "HAPI-0000: "+text)
		}
	}), r)
}

func tooCostly(w http.ResponseWriter) {
	hapiCode(w, http.StatusUnprocessableEntity, "too-costly", "Response exceeds APIM size limit")
}
