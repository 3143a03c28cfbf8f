package commands

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/profilesync/profilesync/cmd/internal/runtext"
	"github.com/profilesync/profilesync/cmd/internal/whytext"
	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/remote"
	"github.com/profilesync/profilesync/cmd/profilesync/standing"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
	"github.com/profilesync/profilesync/connectors/postgres/casestore"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/connectors/postgres/planstore"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/connectors/postgres/qualitystore"
	"github.com/profilesync/profilesync/connectors/postgres/reportstore"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/cases"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
	"github.com/profilesync/profilesync/reconcile/quality"
	"github.com/profilesync/profilesync/reconcile/runs"
	"github.com/profilesync/profilesync/reconcile/services"
)

// Doer does what commands ask for: upkeep.Upkeep on a database, or remote.Client on the
// API of a daemon. What its methods do is said there.
type Doer interface {
	ShowProgress(told wiring.Progress)
	namesDoer
	runsDoer
	decisionsDoer
	aheadDoer
	profilesDoer
	casesDoer
	pushesDoer
	peopleDoer
	mailDoer
	reportsDoer
	qualityDoer
	ersDoer
	upkeepDoer
}

var (
	_ Doer = upkeep.Upkeep{}
	_ Doer = (*remote.Client)(nil)
)

type namesDoer interface {
	RequireProfiles(ctx context.Context, codes []profile.ODSCode) error
	RequireArea(ctx context.Context, input, area string) error
	BoardNames(ctx context.Context) (runtext.Boards, error)
}

type runsDoer interface {
	PlanEach(ctx context.Context, r actions.Request, shown func(actions.Outcome) error) error
	PlanChanges(ctx context.Context, plan runs.PlanID, most int) ([]planstore.Shown, error)
	WholePlan(ctx context.Context, plan runs.PlanID) iter.Seq2[[]planstore.Change, error]
	ReconcileEach(ctx context.Context, r actions.Request, wait bool, shown func(actions.Outcome) error) error
	ReconcilePlan(ctx context.Context, plan runs.PlanID, wait bool) (runs.Summary, error)
	Runs(ctx context.Context, f runstore.RunFilter) ([]runstore.RunLine, error)
	Run(ctx context.Context, id runs.ID) (runs.Run, error)
	RunRows(ctx context.Context, id runs.ID, withheld bool, most int) (rows []runstore.Planned, more int, err error)
	CancelRun(ctx context.Context, id runs.ID) (runs.Run, error)
}

type decisionsDoer interface {
	Waiting(ctx context.Context, s runs.Selection) (rows []runstore.WaitingRow, digest string, err error)
	Approve(ctx context.Context, d actions.Decision) ([]runs.Summary, error)
	AppliedNothing(ctx context.Context, approval runs.Summary) (bool, error)
	Reject(ctx context.Context, d actions.Decision) ([]actions.RejectedRun, error)
	PreviewUndo(ctx context.Context, id runs.ID) (actions.UndoPreview, error)
	UndoRun(ctx context.Context, p actions.UndoPreview, confirmed runs.ID, wait bool) (runs.Summary, error)
}

type aheadDoer interface {
	Rehearsed(ctx context.Context, plan runs.PlanID, s runs.Selection) (rows []planstore.Rehearsed, left int, digest string, err error)
	ApproveAhead(ctx context.Context, r actions.AheadRequest) (actions.Ahead, error)
	WithdrawAhead(ctx context.Context, plan runs.PlanID, s runs.Selection) (actions.Ahead, error)
}

type profilesDoer interface {
	Profile(ctx context.Context, code profile.ODSCode) (actions.Profile, error)
	ProfileAt(ctx context.Context, code profile.ODSCode, at string) (actions.PastProfile, error)
	History(ctx context.Context, code profile.ODSCode) ([]postgres.Audited, error)
	Why(ctx context.Context, code profile.ODSCode, field profile.Field) ([]whytext.Step, error)
	Services(ctx context.Context, code profile.ODSCode) ([]servicestore.ProfileService, error)
	SetKind(ctx context.Context, code profile.ODSCode, kind, reason string) (changed bool, err error)
	UndoField(ctx context.Context, u actions.FieldUndo) (actions.UndoneField, error)
}

type casesDoer interface {
	Cases(ctx context.Context, f casestore.Filter, owner cases.Owner) ([]casestore.Listed, error)
	ShowCase(ctx context.Context, id int64) (actions.ShownCase, error)
	DecideCase(ctx context.Context, id int64, d actions.CaseDecision) (casestore.Listed, error)
	Closures(ctx context.Context, f casestore.ClosureFilter) ([]casestore.ListedClosure, error)
	SayClosed(ctx context.Context, s actions.ClosureStep) (casestore.Closure, error)
	ConfirmClosed(ctx context.Context, s actions.ClosureStep) (casestore.Closure, error)
	TakeClosedBack(ctx context.Context, s actions.ClosureStep) (casestore.Closure, error)
	LookAtCases(ctx context.Context) (actions.LookedAtCases, error)
	PreviewCaseLetters(ctx context.Context) (actions.CaseLetters, error)
	PostCaseLetters(ctx context.Context) (actions.PostedCaseLetters, error)
}

type pushesDoer interface {
	Pushes(ctx context.Context, f pushstore.PushFilter) ([]pushstore.ListedPush, error)
	CountPushes(ctx context.Context) ([]pushstore.PushCount, error)
	RetryPushes(ctx context.Context, r actions.Retry, wait time.Duration) ([]pushstore.ListedPush, error)
	PreviewPush(ctx context.Context, code profile.ODSCode, wanted []push.Sink) ([]actions.PushPreview, error)
	CheckDrift(ctx context.Context, r actions.DriftRequest) ([]actions.DriftFound, error)
	AddHold(ctx context.Context, h actions.Hold) (int64, error)
	Holds(ctx context.Context, code profile.ODSCode, ended bool) ([]pushstore.Hold, error)
	RemoveHold(ctx context.Context, id int64) error
}

type peopleDoer interface {
	Accounts(ctx context.Context, f peoplestore.AccountFilter) ([]peoplestore.Account, error)
	Account(ctx context.Context, id people.AccountID) (peoplestore.Account, error)
	PreviewInactive(ctx context.Context, day profile.Date) (peoplejobs.IdlePlan, error)
	ApplyInactive(ctx context.Context) ([]people.IdleRun, error)
	ApproveEndings(ctx context.Context, check int64) (people.IdleRun, error)
	Reactivate(ctx context.Context, id people.AccountID, reason string) error
	SetLeave(ctx context.Context, id people.AccountID, until profile.Date, reason string) error
}

type mailDoer interface {
	PreviewReminders(ctx context.Context, day profile.Date) ([]actions.DueReminder, error)
	PostReminders(ctx context.Context) (upkeep.Posted, error)
	RemindNow(ctx context.Context, code profile.ODSCode) (upkeep.Posted, error)
	MailState(ctx context.Context) (upkeep.Mail, error)
	SendMail(ctx context.Context) (upkeep.SentMail, error)
	LetterTexts(ctx context.Context, kind people.LetterKind) ([]upkeep.LetterText, error)
	StopMail(ctx context.Context, reason string) (upkeep.Mail, error)
	ResumeMail(ctx context.Context) (upkeep.Mail, error)
	Letters(ctx context.Context, f peoplestore.LetterFilter) ([]peoplestore.ListedLetter, error)
}

type reportsDoer interface {
	Reports(ctx context.Context, most int) ([]reportstore.FrozenReport, error)
	MakeReports(ctx context.Context) ([]reportstore.FrozenReport, error)
	ReportDay(ctx context.Context) (profile.Date, error)
	CopyReport(ctx context.Context, to io.Writer, f wiring.ReportFile) error
	VerifyReport(ctx context.Context, day profile.Date) (reportstore.Verified, error)
	DeliverReport(ctx context.Context, day profile.Date) (upkeep.Delivered, error)
	LinkReport(ctx context.Context, day profile.Date, region profile.ODSCode) (upkeep.ReportLink, error)
}

type qualityDoer interface {
	Listings(ctx context.Context) ([]upkeep.Listing, error)
	ResetListing(ctx context.Context, report string, to profile.Date, reason string) (runstore.ResetDone, error)
	Findings(ctx context.Context, f qualitystore.Filter) ([]qualitystore.Found, error)
	CountFindings(ctx context.Context) (int, error)
	RunChecks(ctx context.Context, codes []profile.ODSCode, checked func(int)) (quality.Result, error)
	Quarantine(ctx context.Context, report string, most int) ([]qualitystore.Quarantined, error)
	Contradictions(ctx context.Context, report string) ([]qualitystore.Contradiction, error)
	Flags(ctx context.Context, report string) ([]qualitystore.Flagged, error)
	Owners(ctx context.Context, days int) ([]servicestore.OwnedSite, error)
}

type ersDoer interface {
	RegisteredServices(ctx context.Context, f upkeep.ServiceFilter) ([]servicestore.RegisteredService, error)
	AddService(ctx context.Context, id services.ID, site profile.ODSCode) (upkeep.AddedService, error)
	ImportExtract(ctx context.Context, e upkeep.Extract) (wiring.ImportedExtract, error)
	Codes(ctx context.Context, kind string) ([]servicestore.Code, error)
	PullCodes(ctx context.Context) error
}

type upkeepDoer interface {
	Status(ctx context.Context) (standing.Standing, error)
	Tokens(ctx context.Context, all bool) ([]accessstore.Token, error)
	AddToken(ctx context.Context, r upkeep.TokenRequest) (upkeep.NewToken, error)
	RevokeToken(ctx context.Context, name string) error
	SignedIn(ctx context.Context) ([]accessstore.SignedIn, error)
	EndSessions(ctx context.Context, who string) error
	Audit(ctx context.Context, f accessstore.ActionFilter) ([]accessstore.Action, error)
}
