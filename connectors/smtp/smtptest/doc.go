// Package smtptest plays a mail relay on a loopback address: EHLO with
// STARTTLS, AUTH PLAIN and ENHANCEDSTATUSCODES, MAIL, RCPT, DATA (RFC 5321). It
// breaks at the stage it is told to, and keeps a ledger of every message that
// it took, also of those whose answer never arrived.
//
// It is written with the standard library alone and shares no code with the
// client, so that neither excuses the other. It needs no *testing.T; Start is
// the short way for tests.
package smtptest
