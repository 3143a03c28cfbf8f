package remote

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/api/stream"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// settled is the summary of a run that was started: with wait, once it has ended. What is
// no run has ended already.
func (c *Client) settled(ctx context.Context, started runs.Summary, wait bool) (runs.Summary, error) {
	if !wait || started.Run == "" || started.State.Ended() {
		return started, nil
	}
	var id runs.ID
	if _, err := fmt.Sscan(started.Run, &id); err != nil {
		return started, fmt.Errorf("run %s: %w", started.Run, err)
	}
	err := c.await(ctx, id)
	if ctx.Err() != nil {
		return started, fmt.Errorf("no longer waiting; the daemon continues run %d", id)
	}
	if err != nil {
		return started, fmt.Errorf("the daemon continues run %d: %w", id, err)
	}
	run, err := c.Run(ctx, id)
	run.Summary.Decisions = nil // of a run that is shown
	return run.Summary, err
}

// await follows a run until it has ended. A stream that ends before is asked for again.
func (c *Client) await(ctx context.Context, id runs.ID) error {
	for ended := false; !ended; {
		r := request{method: http.MethodGet, path: "/runs/" + id.String() + "/progress"}
		err := c.do(ctx, r, func(answer *http.Response) error {
			ended = c.follow(ctx, id, bufio.NewScanner(answer.Body))
			return nil
		})
		if err != nil {
			return err
		}
		if ended {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(firstWait):
		}
	}
	return nil
}

// follow shows the events of a stream, and reports whether the run has ended.
func (c *Client) follow(ctx context.Context, id runs.ID, lines *bufio.Scanner) (ended bool) {
	for lines.Scan() {
		data, found := strings.CutPrefix(lines.Text(), "data: ")
		if !found {
			continue
		}
		var now stream.Event
		if err := json.Unmarshal([]byte(data), &now); err != nil {
			continue // half an event: the stream is cut
		}
		if now.State.Ended() {
			return true
		}
		c.progress(ctx, id, now.Stage, now.Done, now.Total)
	}
	return false
}
