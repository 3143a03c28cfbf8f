// Package dostest simulates the Directory of Services on a loopback address: the
// gateway that accepts change events of pharmacies, the queue and the rules behind it,
// the database that they change, the API that reads it, and the FHIR ingest of GP
// practices (CONTRACT.md "Routes"). It answers like the real systems, stays silent if
// they do, breaks on command, and keeps a ledger of every request and every effect.
//
//	POST /v1/change-event                                    x-api-key header
//	GET  /app/controllers/api/v1.0/services/byOdsCode/CODE   HTTP Basic
//	GET  /dos-ingest/FHIR/R4/Organization?identifier=…       Bearer token
//	PUT  /dos-ingest/FHIR/R4/Organization/UUID               Bearer token
//	GET  /dos-ingest/FHIR/R4/_status
//
// Other processes control and inspect it:
//
//	POST /control/services, /control/organizations   seed: a JSON list of codes or whole records
//	GET  /control/services, /control/organizations   ?code=CODE: what is stored, as a JSON list
//	POST /control/change                             {"code","field","value"}, or a list of them
//	GET  /control/settled                            answers once the queue is empty
//	POST /control/drain                              empties the queue now, then answers
//	GET  /ledger/state                               lines of State, sorted by code
//
// It also has the routes and faults of simulate, with KeyRefused and IPDenied. It needs
// no *testing.T, so that a demonstration can run it for days; tests use Start.
package dostest
