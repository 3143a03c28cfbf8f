// Package odstest plays the Organisation Data Service on a loopback address:
// the CSV download of Data Search and Export (CONTRACT.md "Downloads"), and the
// Organisation Data Terminology FHIR R4 API (CONTRACT.md "FHIR API"). It answers
// from a made-up register, refuses what the real ones refuse, breaks in the
// ways they break when told to, and counts what it was asked.
//
//	GET /api/getReport?report=…                                  DSE
//	GET /organisation-data-terminology-api/fhir/Organization…    FHIR, apikey header
//
// next to the routes of simulate, whose faults it knows, with NextElsewhere. It
// needs no *testing.T, so that a demonstration can mount it for days; Start is
// the short way for tests.
package odstest
