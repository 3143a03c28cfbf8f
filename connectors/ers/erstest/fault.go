package erstest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

type (
	// Fault is the kit's.
	Fault = simulate.Fault
	// FaultName is one of the kit's or of those below.
	FaultName = simulate.Name
)

// The faults that only e-RS has. First the refusals of CONTRACT.md "Errors" that
// simulate.Error cannot express. On an STU3 path they have that path's bodies, and at
// the token endpoint its own (connectors/internal/apim/CONTRACT.md "Errors").
const (
	MissingHeader         FaultName = "missing-header"         // 400 MISSING_HEADER
	UnauthorizedForbidden FaultName = "unauthorized-forbidden" // 401 ACCESS_DENIED, issue code forbidden
	AccessDenied          FaultName = "access-denied"          // 403 ACCESS_DENIED
	NoASID                FaultName = "no-asid"                // 403 ACCESS_DENIED of an app without ASID
	NoRelationship        FaultName = "no-relationship"        // 403 NO_RELATIONSHIP
	ForbiddenEmpty        FaultName = "error-403-empty"        // 403 without a body
	NotFoundText          FaultName = "error-404-text"         // 404 text/plain, as in the sandbox
	ThrottledEmpty        FaultName = "throttled-empty"        // 429 without a body
	ServiceError          FaultName = "service-error"          // 500 SERVICE_ERROR
	ServerErrorApigee     FaultName = "error-500-apigee"       // 500 {"fault":…}
	ServerErrorHTML       FaultName = "error-500-html"         // 500 with a page
	ServerErrorEmpty      FaultName = "error-500-empty"        // 500 without a body
	UnavailableEmpty      FaultName = "error-503-empty"        // 503 without a body
	NoJWKS                FaultName = "no-jwks"                // token endpoint, 403
	JWKSUnreachable       FaultName = "jwks-unreachable"       // token endpoint, 403
	NoProduct             FaultName = "no-product"             // token endpoint, 401 unauthorized_client
)

// Then the faults that spoil an answer.
const (
	EmptyBundle   FaultName = "empty-bundle"   // a search that finds nothing, without entry
	PartialBundle FaultName = "partial-bundle" // a search that finds only every other service
	StrongETag    FaultName = "strong-etag"    // "7"
	BadETag       FaultName = "bad-etag"       // W/7
)

// FaultNames lists the faults for which e-RS has an answer of its own, and those that
// spoil one in their own way.
func FaultNames() []FaultName {
	all := []FaultName{
		simulate.DroppedBefore, simulate.Truncated, simulate.HTML, simulate.NoETag, EmptyBundle, PartialBundle, StrongETag, BadETag,
	}
	all = slices.AppendSeq(all, maps.Keys(reasons))
	all = slices.AppendSeq(all, maps.Keys(tokenReasons))
	slices.Sort(all)
	return all
}

// own tells the kit what it must know about our faults.
func own() map[FaultName]simulate.Own {
	all := map[FaultName]simulate.Own{EmptyBundle: {}, PartialBundle: {}, StrongETag: {}, BadETag: {}}
	for _, table := range []map[FaultName]reason{reasons, tokenReasons} {
		for name := range table {
			all[name] = simulate.Own{Refuses: true}
		}
	}
	return all
}

// StatusOf returns the status of a fault's answer, 0 for one that only spoils.
func StatusOf(name FaultName) int { return reasonOf(name).status }

// spoil applies our own faults to an answer.
func spoil(name FaultName, a simulate.Answer) simulate.Answer {
	switch name {
	case EmptyBundle, PartialBundle:
		a.Body = withoutEntries(a.Body, name == EmptyBundle)
	case StrongETag:
		return a.With("ETag", strings.TrimPrefix(a.Header.Get("ETag"), "W/"))
	case BadETag:
		return a.With("ETag", strings.ReplaceAll(a.Header.Get("ETag"), `"`, ""))
	default: // the kit's
	}
	return a
}

// withoutEntries removes entries from a bundle; it does not change other bodies.
func withoutEntries(body []byte, all bool) []byte {
	var b map[string]any
	if err := json.Unmarshal(body, &b); err != nil || b["resourceType"] != "Bundle" {
		return body
	}
	entries, _ := b["entry"].([]any)
	var left []any
	for i, entry := range entries {
		if i%2 == 0 && !all {
			left = append(left, entry)
		}
	}
	b["total"], b["entry"] = len(left), left
	if len(left) == 0 {
		delete(b, "entry")
	}
	return simulate.Marshal(b)
}
