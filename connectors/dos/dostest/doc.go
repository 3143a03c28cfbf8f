// Package dostest plays the Directory of Services on a loopback address: the
// gateway that takes change events of pharmacies, the queue and the rules
// behind it, the database they change, the API that reads it, and the FHIR
// ingest of GP practices (CONTRACT.md "Routes").
// It answers what the real ones answer, stays silent where they stay silent,
// breaks when told to, and keeps a ledger of every request and every effect.
//
//	POST /v1/change-event                                    x-api-key header
//	GET  /app/controllers/api/v1.0/services/byOdsCode/CODE   HTTP Basic
//	GET  /dos-ingest/FHIR/R4/Organization?identifier=…       Bearer token
//	PUT  /dos-ingest/FHIR/R4/Organization/UUID               Bearer token
//	GET  /dos-ingest/FHIR/R4/_status
//
// Other processes steer and question it:
//
//	POST /control/services, /control/organizations   seed: a JSON list of codes or whole records
//	GET  /control/services, /control/organizations   ?code=CODE: what is stored, as a JSON list
//	POST /control/change                             {"code","field","value"}, or a list of them
//	GET  /control/settled                            answers once the queue is empty
//	POST /control/drain                              works off the queue now, then answers
//	GET  /ledger/state                               State a line, sorted by code
//
// next to the routes of simulate, whose faults it knows, with KeyRefused and
// IPDenied. It needs no *testing.T, so that a demonstration can mount it for
// days; Start is the short way for tests.
package dostest
