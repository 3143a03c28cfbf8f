package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/pushstore"
	"github.com/profilesync/profilesync/reconcile/push"
)

// pushes are operations on pushes, holds and drift.
func (s *server) pushes() {
	operation.Add(s.set, operation.Route{
		ID: "list-pushes", Method: http.MethodGet, Path: "/pushes", Verb: guard.Read,
		Summary: "List pushes, the most recently wanted first",
	}, s.listPushes)
	operation.Add(s.set, operation.Route{
		ID: "count-pushes", Method: http.MethodGet, Path: "/pushes/counts", Verb: guard.Read,
		Summary: "Count the pushes of each sink, state and route",
	}, s.countPushes)
	operation.Add(s.set, operation.Route{
		ID: "retry-pushes", Method: http.MethodPost, Path: "/pushes/retry", Verb: guard.Reconcile, Keyed: true,
		Status: http.StatusAccepted, Summary: "Push profiles again, even if they were refused or wait for a person",
		About: "To overwrite what nobody stated needs the verb `approve`, too.",
	}, s.retryPushes)
	operation.Add(s.set, operation.Route{
		ID: "check-drift", Method: http.MethodPost, Path: "/drift", Verb: guard.Reconcile, Keyed: true, Within: readWithin,
		Summary: "Compare what the sinks show with the profiles, and repair differences if asked to",
		About:   "Every sink that is configured is read; for all profiles that takes minutes.",
	}, s.checkDrift)
	operation.Add(
		s.set,
		operation.Route{ID: "list-holds", Method: http.MethodGet, Path: "/holds", Verb: guard.Read, Summary: "List holds"},
		s.listHolds,
	)
	operation.Add(s.set, operation.Route{
		ID: "add-hold", Method: http.MethodPost, Path: "/holds", Verb: guard.Approve, Keyed: true, Status: http.StatusCreated,
		Summary: "Freeze a field of a profile, or a profile for a sink",
	}, s.addHold)
	operation.Add(s.set, operation.Route{
		ID: "remove-hold", Method: http.MethodDelete, Path: "/holds/{hold}", Verb: guard.Approve, Status: http.StatusNoContent,
		Summary: "End a hold early",
	}, s.removeHold)
}

// readWithin is how long it may take to read sinks.
const readWithin = time.Hour

type listPushesInput struct {
	operation.Paging

	State string `query:"state" enum:"wanted,accepted,refused,waits,held,no-route" doc:"Only these."`
	Sink  string `query:"sink" enum:"dos,website" doc:"Only those to this sink."`
	Code  string `query:"code" doc:"Only those of this organisation."`
}

func (s *server) listPushes(ctx context.Context, in *listPushesInput) (*operation.List[pushstore.ListedPush], error) {
	var wrong operation.Inputs
	filter := pushstore.PushFilter{State: push.State(in.State), Sink: push.Sink(in.Sink), Code: wrong.Code("code", in.Code)}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	key := func(p pushstore.ListedPush) string { return string(p.Sink) + " " + string(p.Code) }
	return operation.Paged(in.Paging, key, func(most int) ([]pushstore.ListedPush, error) {
		filter.Most = most
		return s.do.Pushes(ctx, filter)
	})
}

// counts are the pushes of each sink, state and route.
type counts struct {
	Items    []pushstore.PushCount `json:"items" nullable:"false"`
	Findings int                   `json:"findings" doc:"How many quality findings last: no push mends them."`
}

func (s *server) countPushes(ctx context.Context, _ *struct{}) (*operation.Body[counts], error) {
	found, err := s.do.CountPushes(ctx)
	if err != nil {
		return nil, err
	}
	findings, err := s.do.CountFindings(ctx)
	return operation.Answer(counts{append([]pushstore.PushCount{}, found...), findings}, err)
}

type retryInput struct {
	Body struct {
		Codes     []string `json:"codes" minItems:"1" maxItems:"500" nullable:"false" doc:"The organisations, by their ODS codes."`
		Sink      string   `json:"sink,omitempty" enum:"dos,website" doc:"Only to this sink."`
		Overwrite bool     `json:"overwrite,omitempty" doc:"Even if it overwrites what nobody stated; that is recorded."`
	}
}

func (in *retryInput) Subject() string {
	return operation.Safe(append([]string{in.Body.Sink}, in.Body.Codes[:min(len(in.Body.Codes), 20)]...)...)
}

// states are pushes as they stand.
type states struct {
	Items []pushstore.ListedPush `json:"items" nullable:"false"`
}

func (s *server) retryPushes(ctx context.Context, in *retryInput) (*operation.Body[states], error) {
	var wrong operation.Inputs
	wanted := actions.Retry{
		Codes: wrong.Codes("body.codes", in.Body.Codes), Sinks: wrong.Sinks("body.sink", in.Body.Sink), Overwrite: in.Body.Overwrite,
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	found, err := s.do.RetryPushes(ctx, wanted, 0)
	return operation.Answer(states{append([]pushstore.ListedPush{}, found...)}, err)
}

// previewedPush is what would become of the push to one sink, row by row.
type previewedPush struct {
	actions.PushPreview

	Rows []previewRow `json:"rows" nullable:"false"`
}

// previewRow is a field of an entry.
type previewRow struct {
	push.PreviewRow

	OnlyLogged bool `json:"only_logged,omitempty" doc:"The sink only logs it, and does not show it."`
}

// previews are what would become of the push to each sink.
type previews struct {
	Items []previewedPush `json:"items" nullable:"false"`
}

type previewPushInput struct {
	CodeInput

	Sink string `query:"sink" enum:"dos,website" doc:"Only to this sink."`
}

func (s *server) previewPush(ctx context.Context, in *previewPushInput) (*operation.Body[previews], error) {
	var wrong operation.Inputs
	code, sinks := wrong.Code("code", in.Code), wrong.Sinks("sink", in.Sink)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	found, err := s.do.PreviewPush(ctx, code, sinks)
	shown := previews{[]previewedPush{}}
	for _, p := range found {
		rows := make([]previewRow, len(p.Rows))
		for i, row := range p.Rows {
			rows[i] = previewRow{row, row.OnlyLogged}
		}
		shown.Items = append(shown.Items, previewedPush{p, rows})
	}
	return operation.Answer(shown, err)
}

type driftInput struct {
	Body struct {
		Codes  []string `json:"codes,omitempty" maxItems:"1000" doc:"Only these organisations, by their ODS codes."`
		Sink   string   `json:"sink,omitempty" enum:"dos,website" doc:"Only this sink."`
		Repair bool     `json:"repair,omitempty" doc:"Push again what differs."`
		Most   int      `json:"most,omitempty" default:"500" minimum:"1" maximum:"5000" doc:"How many differences of each sink at most."`
	}
}

func (in *driftInput) Subject() string {
	return operation.Safe(append([]string{in.Body.Sink}, in.Body.Codes[:min(len(in.Body.Codes), 20)]...)...)
}

// drift is what the check of each sink found.
type drift struct {
	Items []actions.DriftFound `json:"items" nullable:"false"`
}

func (s *server) checkDrift(ctx context.Context, in *driftInput) (*operation.Body[drift], error) {
	var wrong operation.Inputs
	wanted := actions.DriftRequest{
		Codes: wrong.Codes("body.codes", in.Body.Codes), Sinks: wrong.Sinks("body.sink", in.Body.Sink),
		Repair: in.Body.Repair, Most: in.Body.Most,
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	found, err := s.do.CheckDrift(ctx, wanted)
	return operation.Answer(drift{append([]actions.DriftFound{}, found...)}, err)
}

type listHoldsInput struct {
	operation.Paging

	Code  string `query:"code" doc:"Only those of this organisation."`
	Ended bool   `query:"ended" doc:"Also those that have ended."`
}

func (s *server) listHolds(ctx context.Context, in *listHoldsInput) (*operation.List[pushstore.Hold], error) {
	var wrong operation.Inputs
	code := wrong.Code("code", in.Code)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	key := func(h pushstore.Hold) string { return strconv.FormatInt(h.ID, 10) }
	return operation.Paged(in.Paging, key, func(int) ([]pushstore.Hold, error) { return s.do.Holds(ctx, code, in.Ended) })
}

type addHoldInput struct {
	Body struct {
		Code   string `json:"code" doc:"The organisation's ODS code."`
		Field  string `json:"field,omitempty" doc:"The field: no register changes it, no push sends it. This or sink."`
		Sink   string `json:"sink,omitempty" enum:"dos,website" doc:"The sink that is not pushed to. This or field."`
		Until  string `json:"until,omitempty" doc:"The last day. Default: until the hold is removed."`
		Reason string `json:"reason" maxLength:"2000" doc:"Why, for people who come across it later."`
	}
}

func (in *addHoldInput) Subject() string {
	return operation.Safe(in.Body.Code, in.Body.Field, in.Body.Sink)
}

// added is the number of what was added.
type added struct {
	ID int64 `json:"id"`
}

func (s *server) addHold(ctx context.Context, in *addHoldInput) (*operation.Body[added], error) {
	var wrong operation.Inputs
	hold := actions.Hold{
		Code: wrong.Code("body.code", in.Body.Code), Field: wrong.Field("body.field", in.Body.Field),
		Sink: operation.Parsed(
			&wrong,
			"body.sink",
			in.Body.Sink,
			push.ParseSink,
		), Until: wrong.Day("body.until", in.Body.Until), Reason: in.Body.Reason,
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	id, err := s.do.AddHold(ctx, hold)
	return operation.Answer(added{id}, err)
}

type holdInput struct {
	Hold int64 `path:"hold" minimum:"1" doc:"The hold's number."`
}

func (s *server) removeHold(ctx context.Context, in *holdInput) (*struct{}, error) {
	return nil, s.do.RemoveHold(ctx, in.Hold)
}
