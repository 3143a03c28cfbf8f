// Package smtp sends our messages through a mail relay, or collects them in a
// directory. It is the second way beside GOV.UK Notify
// (CONTRACT.md "What it is").
//
// A relay cannot be asked what became of a message. So the moment in which it
// can be taken is kept small and known: until the final dot is sent nothing was
// taken, whatever breaks; from then on only an answer tells, and without one
// the outcome is unclear (RFC 5321 section 4.2.5). Each letter has a message
// and a connection of its own and one recipient.
//
// go-mail opens the connection and writes the message; the few commands of a
// delivery are given here, for go-mail's own Send
//
//   - asks for RSET and QUIT after the message was taken, and gives their
//     failure as that of the message;
//   - ends a message that broke off in the middle by saying QUIT, whereupon the
//     relay takes half a message;
//   - puts the recipient's address into its errors.
package smtp
