// Package websitetest simulates the public NHS website on a loopback address: the
// write API that we propose (CONTRACT.md "The write API") and Service Search v3 over
// the same profiles (CONTRACT.md "Service Search"). It refuses what the contract
// refuses, breaks on command, can be changed behind our back, and keeps a ledger of
// every request and of every effect.
//
//	PUT, GET /organisation-profiles/{code}        the write API, apikey header
//	GET, POST /service-search-api/?api-version=3  Service Search
//
//	GET  /ledger/state?code=…    what is stored, a line of JSON each
//	POST /control/change         {"code","field","value"} behind our back
//	POST /control/remove         {"code"}: 410 from now on
//	POST /control/wipe           forgets every profile
//
// It also has the routes and faults of simulate, with NextElsewhere and Queued. It
// needs no *testing.T, so that a demonstration can run it for days; tests use Start.
package websitetest
