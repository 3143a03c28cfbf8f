// Package smtptest simulates a mail relay on a loopback address: EHLO with STARTTLS,
// AUTH PLAIN and ENHANCEDSTATUSCODES, MAIL, RCPT, DATA (RFC 5321). It breaks at any
// stage on command, and keeps a ledger of every message that it accepted, including
// those whose answer never arrived.
//
// It uses the standard library and the kit of simulators, and shares no code with
// the client, so that a mistake in one cannot hide in the other. Its faults are
// those of simulate, by stage. It needs no *testing.T; tests use Start.
package smtptest
