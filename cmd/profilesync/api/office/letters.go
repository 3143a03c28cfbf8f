package office

import (
	"context"
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/reconcile/people"
)

// letters are operations on reminders, letters and whether they go out.
func (s *server) letters() {
	operation.Add(s.set, operation.Route{
		ID: "preview-reminders", Method: http.MethodGet, Path: "/reminders", Verb: guard.Read,
		Summary: "Show who would get which reminder and why, without names, and send none",
	}, s.previewReminders)
	operation.Add(s.set, operation.Route{
		ID: "post-reminders", Method: http.MethodPost, Path: "/reminders", Verb: guard.Administer, Keyed: true,
		Summary: "Make today's reminders due", About: "The daemon sends them.",
	}, s.postReminders)
	operation.Add(s.set, operation.Route{
		ID: "remind-now", Method: http.MethodPost, Path: "/reminders/{code}", Verb: guard.Administer, Keyed: true,
		Summary: "Remind the people of an organisation now, at most once a day", About: "The daemon sends the letters.",
	}, s.remindNow)
	operation.Add(s.set, operation.Route{
		ID: "list-letter-texts", Method: http.MethodGet, Path: "/letter-texts", Verb: guard.Read,
		Summary: "List the texts to paste into GOV.UK Notify",
	}, s.listLetterTexts)
	operation.Add(s.set, operation.Route{
		ID: "list-letters", Method: http.MethodGet, Path: "/letters", Verb: guard.Read,
		Summary: "List letters to people without names, the newest first",
	}, s.listLetters)
	s.mail()
}

// mail are operations on the sending of letters.
func (s *server) mail() {
	operation.Add(s.set, operation.Route{
		ID: "show-mail", Method: http.MethodGet, Path: "/mail", Verb: guard.Read,
		Summary: "Show whether letters go out, and if not, why",
	}, s.showMail)
	operation.Add(s.set, operation.Route{
		ID: "send-mail", Method: http.MethodPost, Path: "/mail/send", Verb: guard.Administer, Keyed: true, Within: operation.FileWithin,
		Summary: "Send the letters that are due now, as the daemon does", About: "That may take minutes.",
	}, s.sendMail)
	operation.Add(s.set, operation.Route{
		ID: "stop-mail", Method: http.MethodPost, Path: "/mail/stop", Verb: guard.Administer,
		Summary: "Stop sending letters at once",
	}, s.stopMail)
	operation.Add(s.set, operation.Route{
		ID: "resume-mail", Method: http.MethodPost, Path: "/mail/resume", Verb: guard.Administer,
		Summary: "Send letters again; this also ends the pauses of new texts",
	}, s.resumeMail)
}

type previewRemindersInput struct {
	AsIfInput
	operation.Paging
}

func (s *server) previewReminders(ctx context.Context, in *previewRemindersInput) (*operation.List[actions.DueReminder], error) {
	day, err := in.day()
	if err != nil {
		return nil, err
	}
	key := func(r actions.DueReminder) string { return r.Quarter + " " + r.Stage + " " + r.To }
	return operation.Paged(in.Paging, key, func(int) ([]actions.DueReminder, error) { return s.do.PreviewReminders(ctx, day) })
}

type listLettersInput struct {
	operation.Paging

	State   string `query:"state" maxLength:"40" doc:"Only letters in this state: due, accepted, delivered, refused, unclear, and so on."`
	Account string `query:"account" doc:"Only letters to this account."`
}

func (s *server) listLetters(ctx context.Context, in *listLettersInput) (*operation.List[peoplestore.ListedLetter], error) {
	var wrong operation.Inputs
	account := operation.Parsed(&wrong, "account", in.Account, people.ParseAccountID)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	key := func(l peoplestore.ListedLetter) int64 { return l.ID }
	return operation.PagedFrom(in.Paging, key, func(before int64, most int) ([]peoplestore.ListedLetter, error) {
		return s.do.Letters(ctx, peoplestore.LetterFilter{State: in.State, Account: account, Before: before, Most: most})
	})
}

func (s *server) showMail(ctx context.Context, _ *struct{}) (*operation.Body[upkeep.Mail], error) {
	state, err := s.do.MailState(ctx)
	return operation.Answer(state, err)
}

type stopMailInput struct {
	Body struct {
		Reason string `json:"reason" maxLength:"2000" doc:"Why, for people who come across it later."`
	}
}

func (s *server) stopMail(ctx context.Context, in *stopMailInput) (*operation.Body[upkeep.Mail], error) {
	state, err := s.do.StopMail(ctx, in.Body.Reason)
	return operation.Answer(state, err)
}

func (s *server) resumeMail(ctx context.Context, _ *struct{}) (*operation.Body[upkeep.Mail], error) {
	state, err := s.do.ResumeMail(ctx)
	return operation.Answer(state, err)
}

func (s *server) postReminders(ctx context.Context, _ *struct{}) (*operation.Body[upkeep.Posted], error) {
	posted, err := s.do.PostReminders(ctx)
	return operation.Answer(posted, err)
}

type remindNowInput struct {
	Code string `path:"code" doc:"The organisation's ODS code."`
}

func (s *server) remindNow(ctx context.Context, in *remindNowInput) (*operation.Body[upkeep.Posted], error) {
	var wrong operation.Inputs
	code := wrong.Code("code", in.Code)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	posted, err := s.do.RemindNow(ctx, code)
	return operation.Answer(posted, err)
}

type letterTextsInput struct {
	operation.Paging

	Kind string `query:"kind" maxLength:"40" doc:"Only this text."`
}

func (s *server) listLetterTexts(ctx context.Context, in *letterTextsInput) (*operation.List[upkeep.LetterText], error) {
	var wrong operation.Inputs
	kind := operation.Chosen(&wrong, "kind", in.Kind, people.LetterKinds())
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	key := func(t upkeep.LetterText) string { return t.Name }
	return operation.Paged(in.Paging, key, func(int) ([]upkeep.LetterText, error) { return s.do.LetterTexts(ctx, kind) })
}

func (s *server) sendMail(ctx context.Context, _ *struct{}) (*operation.Body[upkeep.SentMail], error) {
	done, err := s.do.SendMail(ctx)
	return operation.Answer(done, err)
}
