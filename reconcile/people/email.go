package people

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unique"
)

// EmailAddress is the address of a person. It cannot be printed, logged or
// encoded: whoever needs it says Reveal (RULES.md "Letters").
type EmailAddress struct{ text unique.Handle[string] }

// ErrEmailAddress is what is wrong with a text that is no address. It never
// holds the text.
var ErrEmailAddress = errors.New("it is no e-mail address: want name@domain, at most 254 characters")

// maxEmailAddress is the longest path of SMTP (RFC 5321 section 4.5.3.1.3).
const maxEmailAddress = 254

// ParseEmailAddress accepts name@domain. What mail services refuse beyond that,
// they say themselves.
func ParseEmailAddress(s string) (EmailAddress, error) {
	s = strings.TrimSpace(s)
	name, domain, found := strings.Cut(s, "@")
	unfit := func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`<>(),;:"[]\@`, r)
	}
	if !found || name == "" || len(s) > maxEmailAddress || strings.ContainsFunc(name, unfit) || strings.ContainsFunc(domain, unfit) ||
		!strings.Contains(strings.Trim(domain, "."), ".") {
		return EmailAddress{}, ErrEmailAddress
	}
	return EmailAddress{unique.Make(s)}, nil
}

// Reveal is the address itself, for the message alone.
func (a EmailAddress) Reveal() string { return reveal(a.text) }

// Format prints that there is something, and not what.
func (EmailAddress) Format(f fmt.State, _ rune) { redact(f) }

// MarshalText keeps the address out of every encoding.
func (EmailAddress) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// PersonName is the name of a person. Like an address, it cannot be printed.
type PersonName struct{ text unique.Handle[string] }

// NewPersonName takes a name as people write it.
func NewPersonName(s string) PersonName { return PersonName{unique.Make(strings.TrimSpace(s))} }

// Reveal is the name itself, for the message alone.
func (n PersonName) Reveal() string { return reveal(n.text) }

// Format prints that there is something, and not what.
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
