package dos

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/profilesync/profilesync/connectors/dos/internal/effect"
	"github.com/profilesync/profilesync/connectors/dos/internal/roles"
	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// Effects says what DoS does with a delivery on a day, from its contract: the very body
// that Push sends, over what DoS has now. If DoS cannot be read, nothing that it has is
// visible. The error, a *push.SinkError, says that the delivery cannot be sent.
func (s *Sink) Effects(ctx context.Context, d push.Delivery, today profile.Date) (push.Effects, error) {
	switch {
	case d.Type == profile.Pharmacy && s.events != nil:
		return s.effectsOfEvent(ctx, d, today)
	case d.Type == profile.GPPractice && s.ingest != nil:
		return s.ingest.effects(ctx, d)
	}
	return push.Effects{}, noRoute(d.Code, d.Type)
}

func (s *Sink) effectsOfEvent(ctx context.Context, d push.Delivery, today profile.Date) (push.Effects, error) {
	content, err := body(d)
	if err != nil {
		return push.Effects{}, err
	}
	e, err := effect.Parse(content)
	if err != nil {
		return push.Effects{}, err
	}
	effects := push.Effects{Nothing: e.ChangesNothing()}
	var services []Service
	err = errNotReading
	if s.reader != nil {
		services, err = s.reader.readServices(ctx, d.Code)
	}
	bad, ok := errors.AsType[badRowsError](err)
	if err != nil && !ok {
		effects.Entries = []push.Effect{effectOnUnseen(e, d, today)}
		return effects, nil
	}
	effects.Unreadable = bad.parts
	for _, m := range Match(d.Code, services, d.Values.Get(profile.FieldServices)) {
		if m.LeftAlone == noneActive && len(bad.nameless) > 0 {
			m.LeftAlone += ", unless one that makes no sense is"
		}
		effects.Entries = append(effects.Entries, m.effectOf(e, s.reader.fields(), today))
	}
	if len(services) == 0 && len(bad.nameless) == 0 {
		effects.Nothing = "DoS has no service of this pharmacy"
	}
	return effects, nil
}

// effectOf says what an event does to a service of which these fields can be read.
func (m Matched) effectOf(e effect.Event, visible []profile.Field, today profile.Date) push.Effect {
	if why := cmp.Or(m.LeftAlone, e.ChangesNothing()); why != "" {
		return push.Effect{Entry: m.name(), LeftAlone: why}
	}
	m.NotVisible = slices.DeleteFunc(eventFields(), func(f profile.Field) bool {
		return slices.Contains(visible, f) && !slices.Contains(m.NotVisible, f)
	})
	c := e.On(effect.Service{
		ODSCode: m.ODSCode, Type: m.Type, Status: m.Status, Values: m.Values, CodePairs: m.CodePairs, NotVisible: m.NotVisible,
	}, today)
	after := m.Service
	after.Status, after.Values, after.CodePairs, after.NotVisible = c.After.Status, c.After.Values, c.After.CodePairs, c.After.NotVisible
	fields := eventFields()
	if len(m.entry().NeverShown) == len(knownServices()) { // it is about no NHS service
		fields = slices.DeleteFunc(fields, func(f profile.Field) bool { return f == profile.FieldServices })
	}
	changed := push.Effect{Entry: m.name(), Fields: push.Changes(fields, m.entry(), after.entry())}
	for i, f := range changed.Fields {
		changed.Fields[i].Kept, changed.Fields[i].Note = c.Kept[f.Field], c.Notes[f.Field]
		if f.Field == profile.FieldOpeningTimes && m.OpenAllHours {
			changed.Fields[i].Note = `"open all hours" overrides them in DoS`
		}
	}
	return changed
}

// effectOnUnseen says what an event does to each service if none can be read.
func effectOnUnseen(e effect.Event, d push.Delivery, today profile.Date) push.Effect {
	seen := Matched{Service: Service{NotVisible: eventFields()}}.effectOf(e, eventFields(), today)
	if seen.Entry = "each service"; seen.LeftAlone == "" {
		seen.Fields = append(seen.Fields, push.FieldEffect{
			Field: profile.FieldServices, Before: push.NotVisible, After: d.Values.Get(profile.FieldServices),
		})
	}
	return seen
}

// effects says what the ingest does with a delivery: it stores the very body of the PUT,
// with the name in its own form.
func (i *Ingest) effects(ctx context.Context, d push.Delivery) (push.Effects, error) {
	found, err := i.find(ctx, d.Code)
	switch {
	case err != nil:
		return push.EffectsUnseen(i.Route(), d.Values), nil //nolint:nilerr // nothing is visible then
	case found == nil:
		return push.Effects{Nothing: "DoS does not know this practice"}, nil
	}
	content, err := found.overwrite(d)
	if err != nil {
		return push.Effects{}, err
	}
	stored, err := decodeBody(content)
	if err != nil {
		return push.Effects{}, fmt.Errorf("%s: %w", d.Code, err)
	}
	if why := effect.RefusesRoles(roles.In(stored.Extension).Codes()); why != "" {
		return push.Effects{}, refusal(d.Code, "%s", why)
	}
	stored.Name = effect.StoredName(stored.Name)
	before, after := found.show(d.Code).Entries[0], stored.show(d.Code).Entries[0]
	return push.Effects{Entries: []push.Effect{{Fields: push.Changes(i.Route().Fields, before, after)}}}, nil
}

// decodeBody reads what we send.
func decodeBody(content []byte) (stored practice, err error) {
	err = json.Unmarshal(content, &stored)
	return stored, err
}
