package remote

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

const (
	// lookEvery is how often it is looked whether a push is settled.
	lookEvery = 500 * time.Millisecond
	// mostDrift is how many differences the API gives.
	mostDrift = 5000
)

// Pushes is actions.Actions.Pushes.
func (c *Client) Pushes(ctx context.Context, f pushstore.PushFilter) ([]pushstore.ListedPush, error) {
	query := queryOf("state", string(f.State), "sink", string(f.Sink), "code", string(f.Code))
	return list[pushstore.ListedPush](ctx, c, "/pushes", query, f.Most)
}

// counts are the pushes of each sink, state and route, and how many findings last.
type counts struct {
	Items    []pushstore.PushCount `json:"items"`
	Findings int                   `json:"findings"`
}

// CountPushes is actions.Actions.CountPushes.
func (c *Client) CountPushes(ctx context.Context) ([]pushstore.PushCount, error) {
	found, err := get[counts](ctx, c, "/pushes/counts", nil)
	return found.Items, err
}

// CountFindings is upkeep.Upkeep.CountFindings.
func (c *Client) CountFindings(ctx context.Context) (int, error) {
	found, err := get[counts](ctx, c, "/pushes/counts", nil)
	return found.Findings, err
}

// oneOf is the sink that is wanted; empty for all.
func oneOf(sinks []push.Sink) push.Sink {
	if len(sinks) != 1 {
		return ""
	}
	return sinks[0]
}

// RetryPushes is actions.Actions.RetryPushes.
func (c *Client) RetryPushes(ctx context.Context, r actions.Retry, wait time.Duration) ([]pushstore.ListedPush, error) {
	body := struct {
		Codes     []profile.ODSCode `json:"codes"`
		Sink      push.Sink         `json:"sink,omitempty"`
		Overwrite bool              `json:"overwrite,omitempty"`
	}{r.Codes, oneOf(r.Sinks), r.Overwrite}
	asked, err := post[page[pushstore.ListedPush]](ctx, c, "/pushes/retry", body)
	if err != nil || wait <= 0 {
		return asked.Items, err
	}
	return asked.Items, c.awaitPushes(ctx, asked.Items, wait)
}

// awaitPushes waits until pushes are settled, or the time has passed, and writes their
// states over those given.
func (c *Client) awaitPushes(ctx context.Context, pushes []pushstore.ListedPush, wait time.Duration) error {
	late := time.After(wait)
	for i := range pushes {
		for pushes[i].State == push.Wanted {
			now, err := c.Pushes(ctx, pushstore.PushFilter{Code: pushes[i].Code, Sink: pushes[i].Sink, Most: 1})
			if err != nil {
				return err
			}
			if len(now) == 0 {
				break
			}
			if pushes[i] = now[0]; now[0].State != push.Wanted {
				break
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-late:
				c.app.Sayf("%s has not answered within %s", pushes[i].Sink, wait)
				return nil
			case <-time.After(lookEvery):
			}
		}
	}
	return nil
}

// PreviewPush is actions.Actions.PreviewPush.
func (c *Client) PreviewPush(ctx context.Context, code profile.ODSCode, wanted []push.Sink) ([]actions.PushPreview, error) {
	type row struct {
		push.PreviewRow

		OnlyLogged bool `json:"only_logged"`
	}
	type preview struct {
		actions.PushPreview

		Rows []row `json:"rows"`
	}
	found, err := get[page[preview]](ctx, c, pathOf(code, "/push"), queryOf("sink", string(oneOf(wanted))))
	previews := make([]actions.PushPreview, len(found.Items))
	for i, p := range found.Items {
		for _, r := range p.Rows {
			r.PreviewRow.OnlyLogged = r.OnlyLogged
			p.PushPreview.Rows = append(p.PushPreview.Rows, r.PreviewRow)
		}
		previews[i] = p.PushPreview
	}
	return previews, err
}

// CheckDrift is actions.Actions.CheckDrift.
func (c *Client) CheckDrift(ctx context.Context, r actions.DriftRequest) ([]actions.DriftFound, error) {
	for _, sink := range r.Sinks {
		c.progress(ctx, 0, "reading "+string(sink), 0, 0)
	}
	body := struct {
		Codes  []profile.ODSCode `json:"codes,omitempty"`
		Sink   push.Sink         `json:"sink,omitempty"`
		Repair bool              `json:"repair,omitempty"`
		Most   int               `json:"most"`
	}{r.Codes, oneOf(r.Sinks), r.Repair, min(r.Most, mostDrift)}
	found, err := post[page[actions.DriftFound]](ctx, c, "/drift", body)
	if err != nil || !r.Wait {
		return found.Items, err
	}
	for _, d := range found.Items {
		if err := c.repaired(ctx, d); err != nil {
			return nil, err
		}
	}
	return found.Items, nil
}

// repaired waits until the repairs of what a check found are settled.
func (c *Client) repaired(ctx context.Context, d actions.DriftFound) error {
	if d.Repaired == 0 {
		return nil
	}
	var repairs []pushstore.ListedPush
	for _, row := range d.Differences {
		known := slices.ContainsFunc(repairs, func(p pushstore.ListedPush) bool { return p.Code == row.Code })
		if row.Field != pushstore.FieldUnreadable && !known {
			repairs = append(repairs, pushstore.ListedPush{Code: row.Code, Sink: d.Sink, State: push.Wanted})
		}
	}
	return c.awaitPushes(ctx, repairs, wiring.PushesTimeout)
}

// AddHold is actions.Actions.AddHold.
func (c *Client) AddHold(ctx context.Context, h actions.Hold) (int64, error) {
	body := struct {
		Code   profile.ODSCode `json:"code"`
		Field  string          `json:"field,omitempty"`
		Sink   push.Sink       `json:"sink,omitempty"`
		Until  string          `json:"until,omitempty"`
		Reason string          `json:"reason"`
	}{h.Code, nameOf(h.Field), h.Sink, h.Until.String(), h.Reason}
	added, err := post[struct {
		ID int64 `json:"id"`
	}](ctx, c, "/holds", body)
	return added.ID, err
}

// Holds is actions.Actions.Holds.
func (c *Client) Holds(ctx context.Context, code profile.ODSCode, ended bool) ([]pushstore.Hold, error) {
	return list[pushstore.Hold](ctx, c, "/holds", queryOf("code", string(code), "ended", yes(ended)), all)
}

// RemoveHold is actions.Actions.RemoveHold.
func (c *Client) RemoveHold(ctx context.Context, id int64) error {
	_, err := ask[struct{}](ctx, c, request{method: http.MethodDelete, path: "/holds/" + strconv.FormatInt(id, 10)})
	return err
}
