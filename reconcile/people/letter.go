package people

import (
	"fmt"
	"io"
	"time"
)

// LetterKind names one of the texts that we send.
type LetterKind string

// The texts. Each has a template of its name.
const (
	LetterOpening     LetterKind = "check-opening"     // the first working day of a quarter
	LetterFourWeeks   LetterKind = "check-28-days"     // 28 days before its end
	LetterTwoWeeks    LetterKind = "check-14-days"     // 14 days before its end
	LetterThreeDays   LetterKind = "check-3-days"      // 3 working days before its end
	LetterOverdue     LetterKind = "check-overdue"     // the day after, to account managers and the ICB's list
	LetterInactive30  LetterKind = "inactive-30-days"  // an account ends in 30 days
	LetterInactive7   LetterKind = "inactive-7-days"   // an account ends in 7 days
	LetterDeactivated LetterKind = "account-ended"     // to the person
	LetterMemberEnded LetterKind = "account-ended-cc"  // to the account managers of the person's organisations
	LetterLastManager LetterKind = "last-manager-idle" // to the ICB's list: an organisation would lose its only account manager
	LetterReport      LetterKind = "report-ready"      // a daily change report, with a link
	LetterCaseUrgent  LetterKind = "case-urgent"       // something that must not wait, to its owner
	LetterCases       LetterKind = "cases"             // what else waits for the recipient, once a working day
)

// LetterKinds lists every kind.
func LetterKinds() []LetterKind {
	return []LetterKind{
		LetterOpening, LetterFourWeeks, LetterTwoWeeks, LetterThreeDays, LetterOverdue, LetterInactive30, LetterInactive7,
		LetterDeactivated, LetterMemberEnded, LetterLastManager, LetterReport, LetterCaseUrgent, LetterCases,
	}
}

// AboutCases reports whether letters of the kind tell of cases.
func (k LetterKind) AboutCases() bool { return k == LetterCaseUrgent || k == LetterCases }

// Urgent reports whether letters of the kind are held back neither behind the first few
// of a new text, nor by what a person has had that day.
func (k LetterKind) Urgent() bool { return k == LetterCaseUrgent }

// Letter is one message to one recipient. A fresh value is built for each, and it
// prints nothing but its reference.
type Letter struct {
	Reference string // ours, unique, without personal data; at most 1000 characters
	Kind      LetterKind
	To        EmailAddress
	Name      PersonName // the placeholder `name`; empty for a list
	Facts     LetterFacts
}

// LetterFacts fills the other placeholders of a text; lists become bullets.
type LetterFacts struct {
	Words map[string]string
	Lists map[string][]string
}

// Format prints the reference and kind alone: facts may name people.
func (l Letter) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, l.label()) }

// MarshalText writes what Format prints: no encoding holds more.
func (l Letter) MarshalText() ([]byte, error) { return []byte(l.label()), nil }

func (l Letter) label() string { return fmt.Sprintf("letter %s (%s)", l.Reference, string(l.Kind)) }

// Format prints a placeholder instead of the facts: they may name people.
func (LetterFacts) Format(f fmt.State, _ rune) { redact(f) }

// MarshalText keeps facts out of every encoding.
func (LetterFacts) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Acceptance is a letter that a mail service accepted.
type Acceptance struct {
	ID      string // the service's own; for SMTP the Message-ID
	Version int    // of the template; of ours for SMTP
	State   MailState
	At      time.Time // when it entered that state, by the service; zero if not given
}

// MailState is the state of an accepted letter.
type MailState string

// The states of an accepted letter (connectors/notify/CONTRACT.md "States").
const (
	MailSending   MailState = "sending"   // on its way; also created
	MailDelivered MailState = "delivered" // SMTP: the relay took it
	MailDead      MailState = "dead"      // permanent-failure: the address is not used any more
	MailBounced   MailState = "bounced"   // temporary-failure: inbox full, spam filter
	MailFailed    MailState = "failed"    // technical-failure: may be sent again
)

// MailAnswer is what to do after a failed attempt.
type MailAnswer string

// The answers to a failed attempt (connectors/notify/CONTRACT.md "Errors"). The
// letter may be on its way only after an unclear one.
const (
	MailRetry         MailAnswer = "retry"   // not accepted: try again after Wait (RateLimitError: about a minute)
	MailPause         MailAnswer = "pause"   // nothing may be sent before Wait is over (the day's limit: next midnight UTC)
	MailAlert         MailAnswer = "alert"   // our key, clock or template is wrong: everything pauses until a person acts
	MailRefused       MailAnswer = "refused" // this letter will never be accepted
	MailNoSuchAddress MailAnswer = "nobody"  // its address will never be accepted
	MailUnclear       MailAnswer = "unclear" // it may have been accepted: look it up before anything else
)

// MailError is a failed attempt. Its text holds no address, no name and no body
// of an answer.
type MailError struct {
	Answer MailAnswer
	Status int           // HTTP status or SMTP code; 0 for none
	Reason string        // for people: the service's error code and which placeholder or field
	Wait   time.Duration // for MailRetry and MailPause; 0 for our own backoff
	Err    error         // may be nil; never text from the other side
}

// Error says what happened.
func (e *MailError) Error() string {
	text := "sending mail: " + string(e.Answer)
	if e.Status != 0 {
		text += fmt.Sprintf(" (%d)", e.Status)
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// Unwrap is the cause.
func (e *MailError) Unwrap() error { return e.Err }
