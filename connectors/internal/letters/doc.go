// Package letters holds the texts of our messages, one file for each
// people.LetterKind, and fills them in.
//
// A text is written once and serves two ways of sending: rendered here for
// SMTP, and as a template of GOV.UK Notify with ((placeholders)), which Notify
// fills in with a Personalisation. So a text has neither conditions nor loops.
// A list stands alone on its line and becomes bullets.
//
// Values come from people and outside systems and are hostile: see clean.
package letters
