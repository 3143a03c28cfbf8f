// Package stream sends the progress of a run as server-sent events.
package stream

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres/runstore"
	"github.com/profilesync/profilesync/reconcile/runs"
)

const (
	// Longest is how long one stream lasts at most. The caller asks again, and is refused if
	// he has signed out or his token was revoked.
	Longest = time.Minute
	// readWithin is how long a caller may take to read what was sent.
	readWithin = 10 * time.Second
)

// Stream is one caller who follows a run.
type Stream struct {
	W   http.ResponseWriter
	Run runs.ID
	// Progress returns how far the run has come.
	Progress func(context.Context) (runstore.Progress, error)
	// Look is how often it is asked, and Alive how often something is sent although
	// nothing happens.
	Look, Alive time.Duration

	control *http.ResponseController
}

// Event is the data of an event.
type Event struct {
	Run   runs.ID    `json:"run"`
	State runs.State `json:"state"`
	Stage string     `json:"stage"`
	Done  int        `json:"done"`
	Total int        `json:"total"`
}

// Send sends how far the run has come until it has ended, the caller has left, or the
// longest time is over. The database is asked between two events, never while the caller
// reads.
func (s *Stream) Send(ctx context.Context, now runstore.Progress) {
	ctx, cancel := context.WithTimeout(ctx, Longest)
	defer cancel()
	s.begin()
	look, alive := time.NewTicker(s.Look), time.NewTicker(s.Alive)
	defer look.Stop()
	defer alive.Stop()
	for {
		if !s.event(now) || now.State.Ended() {
			return
		}
		before := now
		for before == now {
			select {
			case <-ctx.Done():
				return
			case <-alive.C:
				if !s.write(": it goes on\n\n") {
					return
				}
			case <-look.C:
				found, err := s.Progress(ctx)
				if err != nil {
					continue // the database is away: the caller waits as the run does
				}
				now = found
			}
		}
	}
}

// begin begins the answer. The server's limit for reading a request would end the stream.
func (s *Stream) begin() {
	s.control = http.NewResponseController(s.W)
	_ = s.control.SetReadDeadline(time.Now().Add(Longest + s.Alive + readWithin)) // where it cannot be set, there is none
	header := s.W.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // a proxy must not collect events
	s.W.WriteHeader(http.StatusOK)
}

// event sends an event, and reports whether the caller is still there.
func (s *Stream) event(p runstore.Progress) bool {
	name := "progress"
	if p.State.Ended() {
		name = "ended"
	}
	data, err := json.Marshal(Event{s.Run, p.State, p.Stage, p.Done, p.Total})
	return err == nil && s.write(fmt.Sprintf("event: %s\ndata: %s\n\n", name, data))
}

func (s *Stream) write(text string) bool {
	_ = s.control.SetWriteDeadline(time.Now().Add(s.Alive + readWithin)) // as above
	_, err := s.W.Write([]byte(text))
	return err == nil && s.control.Flush() == nil
}
