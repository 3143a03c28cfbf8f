// Package notifytest simulates GOV.UK Notify on a loopback address
// (CONTRACT.md "What it is"): it checks tokens and clocks, refuses what the contract
// refuses, accepts the same reference any number of times, moves e-mails to their
// status by its clock, forgets them after 7 days, posts delivery receipts and breaks
// on command, and keeps a ledger of every message that it ever accepted.
//
//	POST /v2/notifications/email
//	GET  /v2/notifications/{id}
//	GET  /v2/notifications?template_type=…&status=…&reference=…&older_than=…
//
//	GET  /ledger/messages?reference=…&address=…  what was accepted, a line of JSON each
//	POST /control/receipts                    {"url","token"}: posts those that are due
//
// It also has the routes and faults of simulate; tokens, statuses, limits and
// receipts follow the clock that advances. The ledger holds personal data: do not
// use the simulator with real addresses. It needs no *testing.T, so that a
// demonstration can run it for days; tests use Start.
//
// Not simulated: text messages and letters on paper, files, templates over HTTP, and
// scheduled_for, which is checked but does not delay the e-mail.
package notifytest
