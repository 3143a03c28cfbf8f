// Package simulate is the kit of the simulators: what each of them has besides the
// outside system that it simulates. A simulator embeds a Kit, answers requests
// through an Exchange, and adds only what is specific to its system.
//
//	test, demonstration ──▶ Faults ── Meet ──┐
//	   PUT /control/faults ──▶ (standing)    ▼
//	program under test ──▶ Exchange: hold ▶ serve ▶ spoil ▶ note ▶ send
//	                                         │                │
//	                                      the system        Ledger ──▶ GET /ledger
//
// All simulators share one vocabulary of faults (see Name); a fault that only one
// system can have is in that simulator's Own. A fault picks requests by kind,
// client, id or a test's own function, and a share of them by a seed, so that the
// same ones fail every time. Over HTTP:
//
//	PUT, GET, DELETE /control/faults   the standing Fault: {"names":["error-503"],"share":0.2}
//	POST /control/advance              {"seconds"}: moves the clock
//	POST /control/reset                forgets faults and ledger
//	GET  /ledger, /ledger?code=…       every request, as a line of JSON
//	GET  /ledger/summary               counts, including those of forgotten entries
//
// These routes are the same in every simulator, beside its own. Faults never affect
// /control and /ledger.
//
// Nothing here needs a *testing.T, so that a demonstration can run a simulator for
// days; tests use Serve.
package simulate
