// Package smtp sends our messages through a mail relay, or collects them in a
// directory. It is an alternative to GOV.UK Notify (CONTRACT.md "What it is").
//
// A relay cannot be asked what happened to a message. So the period in which it may
// accept one is kept short and clearly bounded: before the final dot is sent it has
// accepted nothing, whatever breaks; after it only an answer decides, and without
// one the outcome is unclear (RFC 5321 section 4.2.5). Each letter has its own
// message, its own connection, and one recipient.
//
// go-mail opens the connection and writes the message. This package sends the few
// commands of a delivery itself, because go-mail's own Send
//
//   - sends RSET and QUIT after the message was accepted, and reports their
//     failure as that of the message;
//   - sends QUIT after a message that broke off in the middle, so that the relay
//     accepts half a message;
//   - puts the recipient's address in its errors.
package smtp
