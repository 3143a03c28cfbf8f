package odstest

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	fhirType = "application/fhir+json"
	jsonType = "application/json"
)

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
	text, err := json.Marshal(body)
	if err != nil { // our own types: a mistake in this package
		panic(fmt.Sprintf("odstest: %T does not marshal: %v", body, err))
	}
	send(w, status, contentType, text)
}

func send(w http.ResponseWriter, status int, contentType string, text []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that left is none of our business
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
	write(w, status, jsonType, outcome{
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

// refuse answers with the error a fault asks for, in the words of the service
// that was called.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, f Fault) {
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
	text := http.StatusText(f.Status)
	resource := strings.TrimPrefix(r.URL.Path, FHIRPath+"/")
	switch {
	case !strings.HasPrefix(r.URL.Path, FHIRPath):
		write(w, f.Status, jsonType, map[string]string{"error": text})
	case f.Status == http.StatusUnauthorized:
		gateway(w, f.Status, text, "Invalid ApiKey")
	case f.Status == http.StatusNotFound:
		notKnown(w, resource)
	case f.Status == http.StatusUnprocessableEntity:
		tooCostly(w)
	case f.Status == http.StatusTooManyRequests:
		gateway(w, f.Status, text, "Rate limit quota violation")
	case f.Status >= http.StatusInternalServerError:
		gateway(w, f.Status, text, "The Service is temporarily unavailable")
	default:
		hapi(w, f.Status, "HAPI-0000: "+text)
	}
}

func tooCostly(w http.ResponseWriter) {
	hapiCode(w, http.StatusUnprocessableEntity, "too-costly", "Response exceeds APIM size limit")
}
