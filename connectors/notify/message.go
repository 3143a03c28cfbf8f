package notify

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/profilesync/profilesync/reconcile/people"
)

// Receipt is the state of a letter, as Notify reports it.
type Receipt struct {
	Reference string // ours
	people.Acceptance
}

// What can be wrong with an answer. No error holds any of its text.
var (
	errUnreadable     = errors.New("the answer cannot be read")
	errOtherReference = errors.New("the answer is about another letter")
	errUnknownStatus  = errors.New("the answer has a status that an e-mail cannot have")
	errNotEmail       = errors.New("the answer is not about an e-mail")
	errTime           = errors.New("not a time in this century")
)

// states by status (CONTRACT.md "States"). Those of letters on paper are not here.
var states = map[string]people.MailState{
	"created": people.MailSending, "sending": people.MailSending, "pending": people.MailSending,
	"sent": people.MailSending, "delivered": people.MailDelivered,
	"permanent-failure": people.MailDead, "temporary-failure": people.MailBounced,
	"technical-failure": people.MailFailed,
}

// timestamp is a time in either of Notify's formats; zero if it is not given.
type timestamp struct{ at time.Time } // not embedded: time.Time reads JSON in its own way

// UnmarshalText reads 2024-05-17T15:58:38.342838Z, as the service writes it, and
// 2024-05-17 15:58:38.342838, as its documentation has it (CONTRACT.md "States").
func (s *timestamp) UnmarshalText(text []byte) error {
	at, err := parseTime(string(text))
	s.at = at
	return err
}

func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		at, err := time.Parse(layout, text)
		if err == nil && at.Year() >= 2000 && at.Year() < 2100 {
			return at.UTC(), nil
		}
	}
	return time.Time{}, errTime
}

type template struct {
	Version float64 `json:"version"` // "number" in the contract
}

func (t template) version() (int, bool) {
	v := int(t.Version)
	return v, float64(v) == t.Version && v >= 0
}

// statement is the part of answers and receipts about an e-mail that we use. Their
// personal data is not even read.
type statement struct {
	ID               string     `json:"id"`
	Reference        *string    `json:"reference"`
	Type             string     `json:"type"`
	NotificationType string     `json:"notification_type"` // the name of it in a receipt
	Status           string     `json:"status"`
	Template         template   `json:"template"`
	TemplateVersion  float64    `json:"template_version"` // in a receipt
	CreatedAt        *timestamp `json:"created_at"`
	SentAt           *timestamp `json:"sent_at"`
	CompletedAt      *timestamp `json:"completed_at"`
}

// decodeSent reads the answer to a request that sends.
func decodeSent(body []byte) (Receipt, error) {
	var t statement
	if json.Unmarshal(body, &t) != nil {
		return Receipt{}, errUnreadable
	}
	t.Type, t.Status = "email", "created" // the answer has neither
	return t.receipt()
}

// decodeNotification reads the status of one message.
func decodeNotification(body []byte) (Receipt, error) {
	var t statement
	if json.Unmarshal(body, &t) != nil {
		return Receipt{}, errUnreadable
	}
	return t.receipt()
}

// decodeReceipt reads what Notify sends to us.
func decodeReceipt(body []byte) (Receipt, error) {
	var t statement
	if json.Unmarshal(body, &t) != nil {
		return Receipt{}, errUnreadable
	}
	t.Type, t.Template.Version = t.NotificationType, t.TemplateVersion
	return t.receipt()
}

// page is a page of the list.
type page struct {
	receipts []Receipt
	last     string // id of the oldest; empty for an empty list
}

// decodePage reads a page of the list. It skips a message that it cannot read.
func decodePage(body []byte) (page, error) {
	var list struct {
		Notifications *[]json.RawMessage `json:"notifications"`
	}
	if json.Unmarshal(body, &list) != nil || list.Notifications == nil {
		return page{}, errUnreadable
	}
	var read page
	for _, raw := range *list.Notifications {
		var id struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(raw, &id) != nil || !isUUID(id.ID) {
			return page{}, errUnreadable
		}
		read.last = id.ID
		if receipt, err := decodeNotification(raw); err == nil && receipt.Reference != "" {
			read.receipts = append(read.receipts, receipt)
		}
	}
	return read, nil
}

func (t statement) receipt() (Receipt, error) {
	state, known := states[t.Status]
	version, whole := t.Template.version()
	switch {
	case !isUUID(t.ID) || !whole:
		return Receipt{}, errUnreadable
	case t.Type != "email":
		return Receipt{}, errNotEmail
	case !known:
		return Receipt{}, errUnknownStatus
	}
	r := Receipt{Acceptance: people.Acceptance{ID: strings.ToLower(t.ID), Version: version, State: state, At: t.at(state)}}
	if t.Reference != nil {
		r.Reference = *t.Reference
	}
	return r, nil
}

// at returns when the message entered its state.
func (t statement) at(state people.MailState) time.Time {
	stamps := []*timestamp{t.CompletedAt}
	if state == people.MailSending {
		stamps = []*timestamp{t.SentAt, t.CreatedAt}
	}
	for _, s := range stamps {
		if s != nil && !s.at.IsZero() {
			return s.at
		}
	}
	return time.Time{}
}
