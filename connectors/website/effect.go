package website

import (
	"context"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Effects says what the website shows after a delivery: it stores the very document that
// Push sends, over the one that it has now. If it cannot be read, nothing that it has is
// visible. The error, a *push.SinkError, says that the delivery cannot be sent.
func (s *Sink) Effects(ctx context.Context, d push.Delivery, _ profile.Date) (push.Effects, error) {
	ours, err := profileOf(d)
	if err != nil {
		return push.Effects{}, unsent(d, push.AnswerRefused, 0, err.Error())
	}
	route, _ := s.Route(d.Type)
	now, err := s.find(ctx, d.Code)
	if err != nil {
		return push.EffectsUnseen(route, d.Values), nil //nolint:nilerr // nothing is visible then
	}
	var before push.Entry
	content, err := newDocument(d, ours)
	if now.tag != "" {
		before = now.shown(d.Code, d.Type).Entries[0]
		content, err = updatedDocument(d, ours, now)
	}
	if err != nil {
		return push.Effects{}, unsent(d, push.AnswerUnclear, now.status, err.Error())
	}
	stored, err := decode(content)
	if err != nil {
		return push.Effects{}, unsent(d, push.AnswerRefused, 0, err.Error())
	}
	if oneLine(stored.OrganisationName) == "" { // CONTRACT.md "The write API"
		return push.Effects{}, unsent(d, push.AnswerRefused, 0, "the website takes no profile without a name")
	}
	after := stored.shown(d.Code, d.Type)
	return push.Effects{
		Entries:    []push.Effect{{Fields: push.Changes(route.Fields, before, after.Entries[0])}},
		Unreadable: after.Unreadable,
	}, nil
}
