// Package calendartest plays GOV.UK's list of bank holidays on a loopback
// address: a window of years that moves with the clock and drops the past ones,
// as the real list did (CONTRACT.md "Past years"). Days vanish and appear when
// told to, answers break, and a ledger keeps every request.
//
//	GET /bank-holidays.json
//
//	POST /control/vanish    {"date"}: the list lacks the day from now on
//	POST /control/appear    {"date","title"}: it has one more
//	POST /control/restore   forgets both
//
// and the routes of simulate, whose faults it knows. It needs no *testing.T;
// Start is the short way for tests.
package calendartest
