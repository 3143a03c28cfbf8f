// Package erstest plays the NHS e-Referral Service API on a loopback address:
// the calls that an unattended client may make (CONTRACT.md "Calls"), the
// platform's token endpoint in front of them, and the monthly EBSX05 extract from
// which service ids come (CONTRACT.md "The EBSX05 extract"). It refuses what the
// contract refuses, breaks when told to, can be changed at any time, and keeps a
// ledger that says how fast each client asked.
//
//	POST /oauth2/token                                 application-restricted tokens
//	GET, HEAD /referrals/FHIR/R4/HealthcareService/{id}   A033 and A037
//	GET /referrals/FHIR/R4/HealthcareService?_id=…     A035, 1 to 20 ids
//	GET /referrals/FHIR/STU3/CodeSystem/{type}         A004
//	GET /referrals/_ping, /_ping
//
//	GET  /control/services?site=…       what there is, a line of JSON each
//	GET  /control/extract?month=2026-10 the EBSX05 zip
//	POST /control/add       a Service
//	POST /control/change, restamp, remove, return   {"ids":[…]}
//	POST /control/hide      {"ids":[…],"clients":[…]}; no clients: from all
//	POST /control/rename    {"ids":[…],"name":"…"}
//	POST /control/move      {"ids":[…],"site":"…"}
//	POST /control/relabel   {"code":"…","display":"…"}: a label, no version
//	POST /control/concept   {"system":"SPECIALTY","concept":{…}}
//
// next to the routes of simulate, whose faults it knows, and many of its own.
// The summary has the pace of each client. It needs no *testing.T, so that a
// demonstration can mount it for days; Start is the short way for tests.
//
//	World: services, code systems ──▶ Server: gateway (token, headers, limit) ──▶ answers
//	   └──▶ Extract                       └──▶ ledger
package erstest
