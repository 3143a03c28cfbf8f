// Package erstest simulates the NHS e-Referral Service API on a loopback address: the
// calls that an unattended client may make (CONTRACT.md "Calls"), the platform's token
// endpoint in front of them, and the monthly EBSX05 extract from which service ids
// come (CONTRACT.md "The EBSX05 extract"). It refuses what the contract refuses,
// breaks on command, can be changed at any time, and keeps a ledger that shows the
// pace of each client.
//
//	POST /oauth2/token                                 application-restricted tokens
//	GET, HEAD /referrals/FHIR/R4/HealthcareService/{id}   A033 and A037
//	GET /referrals/FHIR/R4/HealthcareService?_id=…     A035, 1 to 20 ids
//	GET /referrals/FHIR/STU3/CodeSystem/{type}         A004
//	GET /referrals/_ping, /_ping
//
//	GET  /control/services?site=…       the services, as lines of JSON
//	GET  /control/extract?month=2026-10 the EBSX05 zip
//	POST /control/add       a Service
//	POST /control/change, restamp, remove, return   {"ids":[…]}
//	POST /control/hide      {"ids":[…],"clients":[…]}; from all if there are no clients
//	POST /control/rename    {"ids":[…],"name":"…"}
//	POST /control/move      {"ids":[…],"site":"…"}
//	POST /control/relabel   {"code":"…","display":"…"}: a label, no version
//	POST /control/concept   {"system":"SPECIALTY","concept":{…}}
//
// It also has the routes and faults of simulate, and many faults of its own. The
// summary has the pace of each client. It needs no *testing.T, so that a demonstration
// can run it for days; tests use Start.
//
//	World: services, code systems ──▶ Server: gateway (token, headers, limit) ──▶ answers
//	   └──▶ Extract                       └──▶ ledger
package erstest
