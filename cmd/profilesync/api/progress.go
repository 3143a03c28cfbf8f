package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/runs"
)

const (
	// followWithin is how long one stream lasts at most: the caller asks again.
	followWithin = time.Hour
	// readWithin is how long a caller may take to read what was sent.
	readWithin = 10 * time.Second
)

func (s *server) progress() {
	events := map[string]*huma.Response{"200": {
		Description: "Events `progress` and, when the run has ended, `ended`, both with an object {run, state, stage, done, total}; " +
			"total is 0 where it is not known. Lines with a colon at their beginning say that the run goes on.",
		Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}},
	}}
	add(s, route{
		id: "run-progress", method: http.MethodGet, path: "/runs/{run}/progress", verb: guard.Read, answers: events,
		summary: "Follow a run until it has ended, as server-sent events",
		about: "The run does not depend on who follows it. Whoever loses the stream asks again. " +
			"Send `Accept: text/event-stream`: streams are counted by themselves.",
	}, s.follow)
}

// progressEvent is the data of an event.
type progressEvent struct {
	Run   runs.ID    `json:"run"`
	State runs.State `json:"state"`
	Stage string     `json:"stage"`
	Done  int        `json:"done"`
	Total int        `json:"total"`
}

func (s *server) follow(ctx context.Context, in *RunInput) (*huma.StreamResponse, error) {
	first, err := s.do.RunProgress(ctx, in.id())
	if err != nil {
		return nil, err
	}
	if !s.streams.TryAcquire(1) {
		return nil, errStreams
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer s.streams.Release(1)
		_, w := humago.Unwrap(hc)
		ctx, cancel := context.WithTimeout(ctx, followWithin)
		defer cancel()
		defer context.AfterFunc(s.Stopping, cancel)()
		f := follower{w: w, control: http.NewResponseController(w), run: in.id(), within: s.Alive + readWithin}
		f.begin()
		s.send(ctx, &f, first)
	}}, nil
}

// send sends how far the run has come until it has ended, or the caller has left. The
// database is asked between two events, never while the caller reads.
func (s *server) send(ctx context.Context, f *follower, now runstore.Progress) {
	look, alive := time.NewTicker(s.Look), time.NewTicker(s.Alive)
	defer look.Stop()
	defer alive.Stop()
	for {
		if !f.event(now) || now.State.Ended() {
			return
		}
		before := now
		for before == now {
			select {
			case <-ctx.Done():
				return
			case <-alive.C:
				if !f.write(": it goes on\n\n") {
					return
				}
			case <-look.C:
				found, err := s.do.RunProgress(ctx, f.run)
				if err != nil {
					continue // the database is away: the caller waits as the run does
				}
				now = found
			}
		}
	}
}

// follower is one caller who follows a run.
type follower struct {
	w       http.ResponseWriter
	control *http.ResponseController
	run     runs.ID
	within  time.Duration // from one write to the end of the next
}

// begin begins the answer. The server's limit for reading a request would end the stream.
func (f *follower) begin() {
	_ = f.control.SetReadDeadline(time.Now().Add(followWithin + f.within)) // where it cannot be set, there is none
	header := f.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // a proxy must not collect events
	f.w.WriteHeader(http.StatusOK)
}

// event sends an event, and reports whether the caller is still there.
func (f *follower) event(p runstore.Progress) bool {
	name := "progress"
	if p.State.Ended() {
		name = "ended"
	}
	data, err := json.Marshal(progressEvent{f.run, p.State, p.Stage, p.Done, p.Total})
	return err == nil && f.write(fmt.Sprintf("event: %s\ndata: %s\n\n", name, data))
}

func (f *follower) write(text string) bool {
	_ = f.control.SetWriteDeadline(time.Now().Add(f.within)) // as above
	_, err := f.w.Write([]byte(text))
	return err == nil && f.control.Flush() == nil
}
