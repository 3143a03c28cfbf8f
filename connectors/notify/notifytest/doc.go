// Package notifytest plays GOV.UK Notify on a loopback address
// (CONTRACT.md "What it is"): it checks tokens and clocks, refuses what the
// contract refuses, takes the same reference as often as it is sent,
// lets e-mails come to their status by its clock, forgets them after 7 days,
// posts delivery receipts when asked to, breaks when told to, and keeps a ledger
// of every message it ever accepted.
//
//	POST /v2/notifications/email
//	GET  /v2/notifications/{id}
//	GET  /v2/notifications?template_type=…&status=…&reference=…&older_than=…
//
//	GET  /ledger/messages?reference=…&address=…  what was accepted, a line of JSON each
//	POST /control/receipts                    {"url","token"}: posts those that are due
//
// next to the routes of simulate, whose faults it knows; the clock that advances
// is that of tokens, statuses, limits and receipts. The ledger holds what is
// personal: the simulator is not for real addresses. It needs no *testing.T, so
// that a demonstration can mount it for days; Start is the short way for tests.
//
// Not played: texts and letters on paper, files, templates over HTTP, and
// scheduled_for, which is checked and then sent at once.
package notifytest
