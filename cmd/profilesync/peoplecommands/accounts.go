package peoplecommands

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/profilesync/profilesync/cmd/internal/columns"
	"github.com/profilesync/profilesync/cmd/profilesync/commands"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Accounts shows and changes people's accounts.
type Accounts struct {
	Inactive   accountsInactive   `cmd:"" help:"What is due for inactive accounts."`
	Approve    accountsApprove    `cmd:"" help:"End the accounts that an inactivity check withheld because there were too many."`
	List       accountsList       `cmd:"" help:"List accounts, without names."`
	Show       accountsShow       `cmd:"" help:"An account, its organisations and its history."`
	Reactivate accountsReactivate `cmd:"" help:"Let a person sign in again; their inactivity is counted from today."`
	Leave      accountsLeave      `cmd:"" help:"Put a person on leave, during which inactivity is not counted."`
}

type accountsInactive struct {
	Preview bool   `xor:"what" required:"" help:"Show what would be done, without doing it."`
	Apply   bool   `xor:"what" required:"" help:"Do it, as the daemon does every morning."`
	Date    string `placeholder:"YYYY-MM-DD" help:"With --preview: as if today were this day."`
	Actor   string `placeholder:"NAME" help:"Who requests it, for the audit. Default: the operating-system user."`
}

// Help is shown by --help.
func (*accountsInactive) Help() string {
	return `An account ends when it was inactive for the number of days set for its kind
(PROFILESYNC_IDLE_...), if the mail service accepted warnings 30 and 7 days before. The only
account manager of an open organisation is kept and reported to the board's list. If more than
2 % of the accounts (and more than 10) would end at once, they wait for "accounts approve".`
}

func (c *accountsInactive) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	ctx, does := commands.Acting(ctx, a, c.Actor)
	if c.Apply {
		if c.Date != "" {
			return commands.Usagef("--date: only with --preview")
		}
		runs, err := does.ApplyInactive(ctx)
		if err != nil {
			return err
		}
		return printIdleRuns(a, out, runs)
	}
	day, err := profile.ParseDate(c.Date)
	if err != nil {
		return commands.Usagef("--date: %w", err)
	}
	plan, err := does.PreviewInactive(ctx, day)
	if err != nil {
		return err
	}
	printIdlePlan(a, out, plan)
	if plan.Withheld {
		return commands.ExitError{Code: commands.ExitAwaits}
	}
	return nil
}

// idleRow is one row of the list.
type idleRow struct {
	Account string            `json:"account"`
	Step    people.IdleStep   `json:"step"`
	Since   profile.Date      `json:"last_active"`
	Ends    profile.Date      `json:"ends"`
	Why     string            `json:"why"`
	Codes   []profile.ODSCode `json:"organisations,omitempty"`
}

func printIdlePlan(a *wiring.App, out *commands.Printer, plan peoplejobs.IdlePlan) {
	verdicts := append(append([]people.IdleVerdict{}, plan.Warn...), plan.Keep...)
	for _, e := range plan.End {
		verdicts = append(verdicts, e.IdleVerdict)
	}
	list, rows := []idleRow{}, [][]string{}
	for _, v := range verdicts {
		row := idleRow{v.Account.String(), v.Step, v.Since, v.Ends, v.Why, v.Codes}
		list = append(list, row)
		rows = append(rows, []string{row.Account, string(row.Step), row.Since.String(), row.Ends.String(), row.Why})
	}
	if plan.Withheld {
		a.Sayf("%d of %d accounts would end: more than 2 %%, so they wait for `accounts approve`", len(plan.End), plan.Accounts)
	}
	out.Print(list, "ACCOUNT | STEP | LAST ACTIVE | ENDS | WHY", rows)
}

func printIdleRuns(a *wiring.App, out *commands.Printer, runs []people.IdleRun) error {
	rows := make([][]string, len(runs))
	withheld := int64(0)
	for i, r := range runs {
		rows[i] = []string{
			strconv.FormatInt(r.ID, 10), r.State, strconv.Itoa(r.Ending), strconv.Itoa(r.Accounts), strconv.Itoa(r.Ended), r.Actor,
			r.DecidedBy,
		}
		if r.State == "withheld" {
			withheld = r.ID
		}
	}
	out.Print(runs, "NUMBER | STATE | TO END | OF | ENDED | BY | APPROVED BY", rows)
	if withheld != 0 {
		a.Sayf("next: `profilesync accounts inactive --preview`; then `profilesync accounts approve %d`", withheld)
		return commands.ExitError{Code: commands.ExitAwaits}
	}
	return nil
}

type accountsApprove struct {
	Look  int64  `arg:"" help:"The inactivity check that withheld them (accounts inactive --apply prints its number)."`
	Actor string `placeholder:"NAME" help:"Who approves. Default: the operating-system user."`
}

func (c *accountsApprove) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	ctx, does := commands.Acting(ctx, a, c.Actor)
	run, err := does.ApproveEndings(ctx, c.Look)
	if err != nil {
		return err
	}
	out.Print(run, "", [][]string{{"ended", fmt.Sprintf("%d of %d", run.Ended, run.Ending)}})
	return nil
}

type accountsList struct {
	State string `enum:"${account_states}," default:"" placeholder:"STATE" help:"Only accounts in this state."`
	Most  int    `default:"500" help:"How many at most."`
}

func (c *accountsList) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	ctx, does := commands.Acting(ctx, a, "")
	list, err := does.Accounts(ctx, peoplestore.AccountFilter{State: people.AccountState(c.State), Most: c.Most})
	if err != nil {
		return err
	}
	rows := make([][]string, len(list))
	for i, p := range list {
		rows[i] = []string{p.ID, string(p.Kind), p.Summary(), profile.DateIn(p.LastActive, profile.London()).String()}
	}
	out.Print(list, "ACCOUNT | KIND | STATE | LAST ACTIVE", rows)
	return nil
}

type accountsShow struct {
	ID string `arg:"" help:"The account, as u-4711."`
}

func (c *accountsShow) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	id, err := people.ParseAccountID(c.ID)
	if err != nil {
		return commands.Usage(err)
	}
	ctx, does := commands.Acting(ctx, a, "")
	shown, err := does.Account(ctx, id)
	if err != nil {
		return err
	}
	rows := [][]string{
		{"account", shown.ID},
		{"kind", string(shown.Kind)},
		{"state", shown.Summary()},
		{"last active", shown.LastActive.In(profile.London()).Format("2006-01-02 15:04")},
	}
	for _, m := range shown.Members {
		rows = append(rows, []string{string(m.Role), strings.TrimSpace(fmt.Sprintf("%s %s %s", m.Code, m.Name, m.Remark()))})
	}
	for _, h := range shown.History {
		rows = append(rows, []string{
			h.At.In(profile.London()).Format("2006-01-02 15:04"),
			columns.OneLine(fmt.Sprintf("%s: %s -> %s, by %s %s", h.What, h.Old, h.New, h.Actor, h.Reason)),
		})
	}
	out.Print(shown, "", rows)
	return nil
}

type accountsReactivate struct {
	ID     string `arg:"" help:"The account, as u-4711."`
	Reason string `required:"" placeholder:"TEXT" help:"Why, for the audit."`
	Actor  string `placeholder:"NAME" help:"Who requests it. Default: the operating-system user."`
}

func (c *accountsReactivate) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	id, err := people.ParseAccountID(c.ID)
	if err != nil {
		return commands.Usage(err)
	}
	ctx, does := commands.Acting(ctx, a, c.Actor)
	if err := does.Reactivate(ctx, id, c.Reason); err != nil {
		return err
	}
	out.Print(map[string]any{"account": id.String(), "state": people.AccountActive}, "", [][]string{{id.String(), "active"}})
	return nil
}

type accountsLeave struct {
	ID     string `arg:"" help:"The account, as u-4711."`
	Until  string `xor:"what" required:"" placeholder:"YYYY-MM-DD" help:"The last day of the leave, at most 18 months from today."`
	End    bool   `xor:"what" required:"" help:"End the leave."`
	Reason string `required:"" placeholder:"TEXT" help:"Why, for the audit."`
	Actor  string `placeholder:"NAME" help:"Who requests it. Default: the operating-system user."`
}

func (c *accountsLeave) Run(ctx context.Context, a *wiring.App, out *commands.Printer) error {
	until, err := profile.ParseDate(c.Until)
	if err != nil {
		return commands.Usagef("--until: %w", err)
	}
	id, err := people.ParseAccountID(c.ID)
	if err != nil {
		return commands.Usage(err)
	}
	ctx, does := commands.Acting(ctx, a, c.Actor)
	if err := does.SetLeave(ctx, id, until, c.Reason); err != nil {
		return err
	}
	out.Print(map[string]any{"account": id.String(), "leave_until": until}, "", [][]string{{id.String(), "on leave until", until.String()}})
	return nil
}
