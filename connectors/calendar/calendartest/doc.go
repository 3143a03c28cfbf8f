// Package calendartest simulates GOV.UK's list of bank holidays on a loopback
// address: a window of years that moves with the clock and drops past ones, as the
// real list did (CONTRACT.md "Past years"). Days vanish and appear and answers
// break on command, and a ledger keeps every request.
//
//	GET /bank-holidays.json
//
//	POST /control/vanish    {"date"}: the list lacks the day from now on
//	POST /control/appear    {"date","title"}: the list has the day from now on
//	POST /control/restore   undoes both
//
// It also has the routes and faults of simulate. It needs no *testing.T; tests use
// Start.
package calendartest
