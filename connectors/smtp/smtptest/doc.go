// Package smtptest plays a mail relay on a loopback address: EHLO with
// STARTTLS, AUTH PLAIN and ENHANCEDSTATUSCODES, MAIL, RCPT, DATA (RFC 5321). It
// breaks at the stage it is told to, and keeps a ledger of every message that
// it took, also of those whose answer never arrived.
//
// It is written with the standard library and the kit of simulators and shares no
// code with the client, so that neither excuses the other. Its faults are those
// of simulate, by stage. It needs no *testing.T; Start is the short way for tests.
package smtptest
