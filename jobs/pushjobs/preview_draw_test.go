package pushjobs

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/push"
)

// worldsPerDraw makes a thousand worlds of the usual hundred draws.
const worldsPerDraw = 10

// previewDay is the day on which everything happens, in London and in the sinks.
var previewDay = profile.NewDate(2026, time.November, 2)

func previewClock() time.Time { return previewDay.Time().Add(12 * time.Hour) }

// statedTexts are values of profiles, among them some that a sink does not take.
var statedTexts = map[profile.Field][]string{
	profile.FieldName: {"High Street Pharmacy", "O'BRIEN'S  nhs gp surgery", "", "McTavish & Sons"},
	profile.FieldAddress: {
		"1 HIGH STREET\nLEEDS", "Unit 7\nO'Neill's Yard\nMarket & Row\nSt John’s\nKirkham\nLancashire", "", "3rd floor\nYork",
	},
	profile.FieldPostcode: {"LS1 1AA", "PR4 2BE", "ZZ9 9ZZ", ""},
	profile.FieldPhone:    {"0113 496 0000", "01772 000-000", "call us", ""},
	profile.FieldEmail:    {"someone@example.org", "", "some one@example.org"},
	profile.FieldWebsite: {
		"https://WWW.Example.org/Some/Path", "example.org", "https://x.com/", "https://example.org:8443/", "https://example.org?a=b",
		"https://example.org/#", "", "https://a.example/;",
	},
	profile.FieldOpeningTimes: {
		"mon 09:00-17:30\ntue 09:00-12:00\ntue 13:00-17:30", "mon 00:00-00:00", "fri 22:00-02:00", "mon 09:00-13:00\nmon 13:00-17:00", "",
		"wed 10:00-11:00\nbank-holiday 10:00-12:00", "bank-holiday 10:00-12:00\nthu 09:00-10:00", "mon nine to five",
	},
	profile.FieldDatedOpeningTimes: {
		"2026-11-02 closed", "2026-12-24 10:00-16:00\n2026-12-25 closed", "", "2026-10-01 closed\n2026-12-31 09:00-10:00", "soon closed",
	},
	profile.FieldServices: {
		"", "SRV0559 Palliative", "SRV0560 Blood pressure", "SRV0560 Blood pressure\nSRV2000 Pill\nSRV0559 Palliative\nSRV9999 Else",
		"EPS0004 Distance selling",
	},
	profile.FieldICB:          {"QE1", ""},
	profile.FieldCommissioner: {"15F", ""},
	profile.FieldHidden:       {"false", "false", "false", "true"},
	profile.FieldStatus:       {"open", "open", "open", "dormant", "closed"},
	profile.FieldFacilities:   {"", "Wheelchair access: Yes\nPlay area: No", "Car parking: No"},
	profile.FieldRoles:        {"RO177|RO76", "RO177|RO76|RO80", "RO182", ""},
}

// drawDesired draws a profile: each field stated, stated as empty, never stated or held.
func drawDesired(t *rapid.T, code profile.ODSCode, of profile.OrgType) push.DesiredState {
	w := push.DesiredState{Profile: profile.Profile{Code: code}, Today: previewDay, Edited: map[profile.Field]time.Time{}}
	for _, f := range profile.Fields() {
		texts, known := statedTexts[f]
		if !known || rapid.IntRange(0, 3).Draw(t, "not stated: "+f.String()) == 0 {
			continue
		}
		w.Profile.Values.Set(f, rapid.SampledFrom(texts).Draw(t, f.String()))
		w.Edited[f] = previewClock()
		if rapid.IntRange(0, 11).Draw(t, "held: "+f.String()) == 0 {
			w.Held = append(w.Held, f)
		}
	}
	w.Profile.Values.Set(profile.FieldType, string(of))
	if rapid.Bool().Draw(t, "holidays") {
		w.Holidays = []profile.Date{profile.NewDate(2026, time.December, 25), profile.NewDate(2027, time.January, 1)}
	}
	w.SetHolidays = rapid.SampledFrom([]string{"", "", "2026-12-24 10:00-16:00\n2026-12-31 09:00-10:00"}).Draw(t, "set before")
	return w
}

// drawPush draws a push of the profile, maybe one that a person asked for or stopped.
func drawPush(t *rapid.T, w push.DesiredState) push.Push {
	return push.Push{
		Desired: w, Forced: rapid.Bool().Draw(t, "forced"), Held: rapid.IntRange(0, 9).Draw(t, "push held") == 0,
		Overwrite: rapid.IntRange(0, 2).Draw(t, "overwrite") == 0,
	}
}

// previewer is a pusher of one push, with the rows of its preview.
type previewer struct {
	*memory
	*Pusher

	sink previewSink
}

// previewSink is a sink that says what it does with a delivery.
type previewSink interface {
	Sink
	Effects(ctx context.Context, d push.Delivery, today profile.Date) (push.Effects, error)
}

func newPreviewer(known push.Push, name push.Sink, sink previewSink) previewer {
	store := newMemory(known.Desired)
	store.row = known
	return previewer{store, NewPusher(PusherOptions{
		Name: name, Sink: sink, Store: store, Today: func() profile.Date { return previewDay }, ProbeEvery: time.Minute,
		Log: slog.New(slog.DiscardHandler), Pushed: func(push.Sink, push.Outcome) {},
	}), sink}
}

// effects are those of the previewed delivery; none if the sink would refuse it.
func (p previewer) effects(t *rapid.T, preview push.Preview) push.Effects {
	if preview.Delivery.Code == "" {
		return push.Effects{}
	}
	effects, err := p.sink.Effects(t.Context(), preview.Delivery, previewDay)
	if refused, ok := errors.AsType[*push.SinkError](err); ok && refused.Answer == push.AnswerRefused {
		return push.Effects{}
	}
	require.NoError(t, err)
	return effects
}
