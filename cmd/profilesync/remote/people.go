package remote

import (
	"context"
	"strconv"

	"github.com/profilesync/profilesync/connectors/postgres/peoplestore"
	"github.com/profilesync/profilesync/jobs/peoplejobs"
	"github.com/profilesync/profilesync/reconcile/people"
	"github.com/profilesync/profilesync/reconcile/profile"
)

// Accounts is actions.Actions.Accounts.
func (c *Client) Accounts(ctx context.Context, f peoplestore.AccountFilter) ([]peoplestore.Account, error) {
	return list[peoplestore.Account](ctx, c, "/accounts", queryOf("state", string(f.State)), f.Most)
}

// Account is actions.Actions.Account; its history is only for who may see people.
func (c *Client) Account(ctx context.Context, id people.AccountID) (peoplestore.Account, error) {
	return get[peoplestore.Account](ctx, c, "/accounts/"+id.String(), nil)
}

// PreviewInactive is actions.Actions.PreviewInactive.
func (c *Client) PreviewInactive(ctx context.Context, day profile.Date) (plan peoplejobs.IdlePlan, err error) {
	type row struct {
		Account    string            `json:"account"`
		Step       people.IdleStep   `json:"step"`
		LastActive profile.Date      `json:"last_active"`
		Ends       profile.Date      `json:"ends"`
		Why        string            `json:"why"`
		Codes      []profile.ODSCode `json:"organisations"`
	}
	type idlePage struct {
		page[row]

		Accounts int  `json:"accounts"`
		Ending   int  `json:"ending"`
		Withheld bool `json:"withheld"`
	}
	var verdicts []people.IdleVerdict
	ending := 0
	err = walk(ctx, c, "/inactive-accounts", queryOf("date", day.String()), all, func(p idlePage) (int, string) {
		for _, r := range p.Items {
			account, _ := people.ParseAccountID(r.Account) // as the API wrote it
			verdicts = append(verdicts, people.IdleVerdict{
				Account: account, Step: r.Step, Since: r.LastActive, Ends: r.Ends, Why: r.Why, Codes: r.Codes,
			})
		}
		plan.Accounts, plan.Withheld, ending = p.Accounts, p.Withheld, p.Ending
		return len(p.Items), p.Next
	})
	first := max(len(verdicts)-ending, 0) // of those that end, which come last
	plan.Keep = verdicts[:first]
	for _, v := range verdicts[first:] {
		plan.End = append(plan.End, people.Ending{IdleVerdict: v})
	}
	return plan, err
}

// ApplyInactive is actions.Actions.ApplyInactive.
func (c *Client) ApplyInactive(ctx context.Context) ([]people.IdleRun, error) {
	done, err := post[page[people.IdleRun]](ctx, c, "/inactive-accounts", nil)
	return done.Items, err
}

// ApproveEndings is actions.Actions.ApproveEndings.
func (c *Client) ApproveEndings(ctx context.Context, check int64) (people.IdleRun, error) {
	return post[people.IdleRun](ctx, c, "/inactive-accounts/"+strconv.FormatInt(check, 10)+"/approve", nil)
}

// Reactivate is actions.Actions.Reactivate.
func (c *Client) Reactivate(ctx context.Context, id people.AccountID, reason string) error {
	_, err := post[changed](ctx, c, "/accounts/"+id.String()+"/reactivate", map[string]string{"reason": reason})
	return err
}

// SetLeave is actions.Actions.SetLeave.
func (c *Client) SetLeave(ctx context.Context, id people.AccountID, until profile.Date, reason string) error {
	_, err := post[changed](ctx, c, "/accounts/"+id.String()+"/leave", map[string]string{"until": until.String(), "reason": reason})
	return err
}
