// Package simulate is the kit of the simulators: what each of them has besides
// the outside system that it plays. A simulator embeds a Kit, answers requests
// through an Exchange, and keeps only what is its system's own.
//
//	test, demonstration ──▶ Faults ── Meet ──┐
//	   PUT /control/faults ──▶ (standing)    ▼
//	program under test ──▶ Exchange: hold ▶ serve ▶ spoil ▶ note ▶ send
//	                                         │                │
//	                                      the system        Ledger ──▶ GET /ledger
//
// Faults have one vocabulary (see Name); what only one system does wrong is in
// that simulator's Own. A fault picks requests by kind, client, id or a test's
// own word, and a share of them by a seed, so that the same ones fail every
// time. Over HTTP:
//
//	PUT, GET, DELETE /control/faults   the standing Fault: {"names":["error-503"],"share":0.2}
//	POST /control/advance              {"seconds"}: moves the clock
//	POST /control/reset                forgets faults and ledger
//	GET  /ledger, /ledger?code=…       every request, a line of JSON each
//	GET  /ledger/summary               counts, also of what the ledger forgot
//
// These routes are the same in every simulator, next to those of its own. Faults
// never touch /control and /ledger.
//
// No part of it needs a *testing.T, so that a demonstration can mount a
// simulator for days; Serve is the short way for tests.
package simulate
