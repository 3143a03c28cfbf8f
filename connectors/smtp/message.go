package smtp

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"mime"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"

	"github.com/wneessen/go-mail"

	"github.com/profilesync/profilesync/connectors/internal/letters"
	"github.com/profilesync/profilesync/reconcile/people"
)

// Headers are what all our messages have in common.
type Headers struct {
	From    string           // "Name <name@domain>" or the address alone
	ReplyTo string           // in the same form; empty: none
	Now     func() time.Time // for the header Date; nil: time.Now
}

// Attachment is a file that goes with a letter.
type Attachment struct {
	Name        string
	ContentType string // "text/csv; charset=utf-8"
	Data        []byte
}

// writer makes messages.
type writer struct {
	from, replyTo *netmail.Address
	now           func() time.Time
}

func newWriter(h Headers) (w writer, err error) {
	w.now = h.Now
	if w.now == nil {
		w.now = time.Now
	}
	if w.from, err = netmail.ParseAddress(h.From); err != nil || !isASCII(w.from.Address) {
		return writer{}, errors.New("sender of mail: want an address")
	}
	if h.ReplyTo == "" {
		return w, nil
	}
	if w.replyTo, err = netmail.ParseAddress(h.ReplyTo); err != nil {
		return writer{}, errors.New("replies to mail: want an address, or nothing")
	}
	return w, nil
}

// message is a letter as it is sent, to one recipient.
type message struct {
	from, to string
	ascii    bool // the recipient's address
	raw      []byte
}

// id returns the Message-ID of a reference, with its angle brackets.
func (w writer) id(reference string) string {
	domain := w.from.Address[strings.LastIndexByte(w.from.Address, '@'):]
	return "<" + hashOf(reference) + domain + ">"
}

// mailed returns the result for a message that was accepted.
func (w writer) mailed(reference string) people.Acceptance {
	return people.Acceptance{ID: w.id(reference), Version: letters.Version(), State: people.MailDelivered}
}

// write makes the message of a letter, from nothing but that letter.
func (w writer) write(l people.Letter, files []Attachment) (message, *people.MailError) {
	subject, body, err := letters.Render(l)
	if err != nil {
		return message{}, &people.MailError{Answer: people.MailAlert, Reason: "filling in the text", Err: err}
	}
	to, err := netmail.ParseAddress(l.To.Reveal())
	if err != nil || to.Name != "" || to.Address != l.To.Reveal() {
		return message{}, &people.MailError{Answer: people.MailNoSuchAddress, Reason: "the address cannot be used in a message"}
	}
	m := message{from: w.from.Address, to: to.Address, ascii: isASCII(to.Address)}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithBoundary("part-"+hashOf(l.Reference)))
	msg.FromMailAddress(w.from)
	msg.ToMailAddress(to)
	if w.replyTo != nil {
		msg.ReplyToMailAddress(w.replyTo)
	}
	msg.Subject(strings.ReplaceAll(subject, "=?", "= ?")) // or what was typed would be decoded as other text (RFC 2047)
	msg.SetDateWithValue(w.now())
	msg.SetGenHeader(mail.HeaderMessageID, w.id(l.Reference))
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no machine should answer it
	msg.SetBodyString(mail.TypeTextPlain, body)
	var raw bytes.Buffer
	if err := errors.Join(attach(msg, files), writeTo(msg, &raw)); err != nil {
		return message{}, &people.MailError{Answer: people.MailRefused, Reason: "writing the message", Err: err}
	}
	m.raw = raw.Bytes()
	return m, nil
}

// errAttachment does not name the file: its name may say who it is about.
var errAttachment = errors.New("attached file: want a name and a content type")

func attach(msg *mail.Msg, files []Attachment) error {
	for _, f := range files {
		if _, _, err := mime.ParseMediaType(f.ContentType); err != nil || f.Name == "" || strings.ContainsAny(f.ContentType, "\r\n") {
			return errAttachment
		}
		err := msg.AttachReader(f.Name, bytes.NewReader(f.Data), mail.WithFileContentType(mail.ContentType(f.ContentType)))
		if err != nil {
			return errAttachment
		}
	}
	return nil
}

// errWriting hides go-mail's text, which holds addresses.
var errWriting = errors.New("it could not be written")

func writeTo(msg *mail.Msg, raw *bytes.Buffer) error {
	if _, err := msg.WriteTo(raw); err != nil {
		return errWriting
	}
	return nil
}

// hashOf identifies a reference by 128 bits of its SHA-256 in hex.
func hashOf(reference string) string {
	sum := sha256.Sum256([]byte(reference))
	return hex.EncodeToString(sum[:16])
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
