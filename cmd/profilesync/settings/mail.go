package settings

import (
	"encoding/json"
	"errors"
	"net/mail"

	"github.com/profilesync/profilesync/connectors/notify"
	"github.com/profilesync/profilesync/connectors/smtp"
	"github.com/profilesync/profilesync/reconcile/people"
)

// The kinds of mail service.
const (
	MailOff       = "off"
	MailDirectory = "directory"
	MailSMTP      = "smtp"
	MailNotify    = "notify"
)

// checkMail refuses settings that would otherwise only fail when the first letter
// is due, or its receipt comes.
func (s *Settings) checkMail() error {
	errs := []error{
		checkPositive("MAIL_PER_DAY", float64(s.MailPerDay)), checkPositive("MAIL_PER_SECOND", s.MailPerSecond),
		checkWords("NOTIFY_CALLBACK_TOKEN", s.NotifyCallbackToken),
	}
	switch s.Mail {
	case MailOff:
	case MailDirectory:
		errs = append(errs, s.checkSender())
	case MailSMTP:
		errs = append(errs, s.checkRelay(), s.checkSender())
	case MailNotify:
		errs = append(errs, s.checkNotify())
	default:
		errs = append(errs, Wrong("MAIL", "=%s: want off, directory, smtp or notify", s.Mail))
	}
	return errors.Join(errs...)
}

func (s *Settings) checkSender() error {
	if _, err := mail.ParseAddress(s.MailFrom); err != nil {
		return Wrong("MAIL_FROM", ": want an address like no-reply@service.example")
	}
	return nil
}

func (s *Settings) checkRelay() error {
	var errs []error
	if s.SMTPHost == "" {
		errs = append(errs, Wrong("SMTP_HOST", " is missing: PROFILESYNC_MAIL=smtp needs a relay"))
	}
	if s.SMTPPort < 0 || s.SMTPPort > 65535 {
		errs = append(errs, Wrong("SMTP_PORT", "=%d: want 1 to 65535", s.SMTPPort))
	}
	switch policy := smtp.Policy(s.SMTPTLS); {
	case policy != smtp.StartTLS && policy != smtp.Implicit && policy != smtp.None:
		errs = append(errs, Wrong("SMTP_TLS", "=%s: want starttls, implicit or none", s.SMTPTLS))
	case policy == smtp.None && s.SMTPHost != "" && !smtp.Loopback(s.SMTPHost):
		errs = append(errs, Wrong("SMTP_TLS", "=none is for a relay on this machine only"))
	}
	return errors.Join(append(errs, s.checkRelayLogin())...)
}

func (s *Settings) checkRelayLogin() error {
	switch {
	case s.SMTPUser != "" && s.SMTPPassword == "":
		return Wrong("SMTP_PASSWORD", " (or _FILE) is missing: PROFILESYNC_SMTP_USER is set")
	case s.SMTPUser == "" && s.SMTPPassword != "":
		return Wrong("SMTP_USER", " is missing: PROFILESYNC_SMTP_PASSWORD is set")
	}
	return nil
}

func (s *Settings) checkNotify() error {
	errs := []error{checkAddress("NOTIFY_URL", s.NotifyURL)}
	if templates, err := s.MailTemplates(); err != nil {
		errs = append(errs, Wrong("NOTIFY_TEMPLATES", ": %w", err))
	} else if err := notify.CheckTemplates(templates); err != nil {
		errs = append(errs, Wrong("NOTIFY_TEMPLATES", ": %w", err))
	}
	if s.NotifyKey == "" {
		errs = append(errs, Wrong("NOTIFY_KEY", " (or _FILE) is missing: PROFILESYNC_MAIL=notify needs it"))
	} else if err := notify.CheckKey(s.NotifyKey.Reveal()); err != nil {
		errs = append(errs, Wrong("NOTIFY_KEY", " (or _FILE): %w", err))
	}
	return errors.Join(errs...)
}

// MailTemplates returns the ids of the templates at GOV.UK Notify.
func (s *Settings) MailTemplates() (map[people.LetterKind]string, error) {
	templates := make(map[people.LetterKind]string)
	if s.NotifyTemplates == "" {
		return templates, nil
	}
	if err := json.Unmarshal([]byte(s.NotifyTemplates), &templates); err != nil {
		return nil, errors.New("want a JSON object from the names of texts to template ids")
	}
	return templates, nil
}
