package people

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
	"unique"
)

// EmailAddress is the address of a person. It cannot be printed, logged or
// encoded: code that needs the address calls Reveal (RULES.md "Letters").
type EmailAddress struct{ text unique.Handle[string] }

// ErrEmailAddress says that a text is not an address. It never holds the text.
var ErrEmailAddress = errors.New("not an e-mail address: want name@domain, at most 254 characters")

// maxEmailAddress is the longest path of SMTP (RFC 5321 section 4.5.3.1.3).
const maxEmailAddress = 254

// ParseEmailAddress accepts name@domain, and leaves any stricter check to the
// mail service.
func ParseEmailAddress(s string) (EmailAddress, error) {
	s = strings.TrimSpace(s)
	name, domain, found := strings.Cut(s, "@")
	unfit := func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`<>(),;:"[]\@`, r)
	}
	if !found || name == "" || len(s) > maxEmailAddress || !utf8.ValidString(s) || strings.ContainsFunc(name, unfit) ||
		strings.ContainsFunc(domain, unfit) || !strings.Contains(strings.Trim(domain, "."), ".") {
		return EmailAddress{}, ErrEmailAddress
	}
	return EmailAddress{unique.Make(s)}, nil
}

// Reveal returns the address itself. Only the message may contain it.
func (a EmailAddress) Reveal() string { return reveal(a.text) }

// Format prints a placeholder instead of the address.
func (EmailAddress) Format(f fmt.State, _ rune) { redact(f) }

// MarshalText keeps the address out of every encoding.
func (EmailAddress) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// PersonName is the name of a person. Like an address, it cannot be printed.
type PersonName struct{ text unique.Handle[string] }

// NewPersonName makes a name of the text that people wrote.
func NewPersonName(s string) PersonName { return PersonName{unique.Make(strings.TrimSpace(s))} }

// Reveal returns the name itself. Only the message may contain it.
func (n PersonName) Reveal() string { return reveal(n.text) }

// Format prints a placeholder instead of the name.
func (PersonName) Format(f fmt.State, _ rune) { redact(f) }

// MarshalText keeps the name out of every encoding.
func (PersonName) MarshalText() ([]byte, error) { return []byte(redacted), nil }

const redacted = "[redacted]"

func redact(w io.Writer) { _, _ = io.WriteString(w, redacted) }

func reveal(text unique.Handle[string]) string {
	if text == (unique.Handle[string]{}) {
		return ""
	}
	return text.Value()
}
