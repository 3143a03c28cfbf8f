package history_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
)

var start = time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC)

// past is a profile whose changes are written one by one.
type past struct {
	now     history.Standing
	changes []history.Change
	stood   []history.Standing // after each change
}

func newPast() *past {
	p := &past{now: history.Standing{Code: "FA001"}}
	for _, f := range profile.Fields() {
		if !f.InRows() {
			p.now.Values.Set(f, "")
		}
	}
	p.now.Values.Set(profile.FieldName, "A")
	p.write(history.Change{Field: history.Created, New: "A"})
	return p
}

func (p *past) write(c history.Change) {
	c.ID = int64(len(p.changes) + 1)
	if c.At.IsZero() {
		c.At = start.Add(time.Duration(c.ID) * time.Minute)
	}
	p.changes = append(p.changes, c)
	p.stood = append(p.stood, history.Standing{Code: p.now.Code, Values: p.now.Values, Parts: slices.Clone(p.now.Parts)})
}

func (p *past) set(f profile.Field, value string) {
	old := p.now.Values.Get(f)
	p.now.Values.Set(f, value)
	p.write(history.Change{Field: f.String(), Old: old, New: value})
}

func (p *past) add(part history.Part) {
	p.now.Parts = append(p.now.Parts, part)
	p.write(history.Change{Field: part.Field.String(), New: part.JSON})
}

func (p *past) remove(n int) {
	part := p.now.Parts[n]
	p.now.Parts = slices.Delete(p.now.Parts, n, n+1)
	p.write(history.Change{Field: part.Field.String(), Old: part.JSON})
}

func facility(n int) history.Part {
	return history.Part{Field: profile.FieldFacilities, JSON: fmt.Sprintf(`{"name": "Room %d", "value": "yes"}`, n)}
}

// Whatever was changed, and how often, each instant is what stood then.
func TestEveryInstantIsWhatStood(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := newPast()
		for range rapid.IntRange(0, 30).Draw(t, "changes") {
			n := rapid.IntRange(0, 5).Draw(t, "n")
			switch what := rapid.IntRange(0, 3).Draw(t, "what"); {
			case what == 0:
				p.set(profile.FieldPhone, fmt.Sprintf("0113 496 000%d", n))
			case what == 1:
				p.set(profile.FieldName, fmt.Sprintf("Name %d", n))
			case what == 2 || n >= len(p.now.Parts):
				p.add(facility(n))
			default:
				p.remove(n)
			}
		}
		at := rapid.IntRange(0, len(p.stood)-1).Draw(t, "at")
		late := time.Duration(rapid.IntRange(0, 59).Draw(t, "seconds")) * time.Second
		then, unfit, err := history.At(p.now, p.changes, p.changes[at].At.Add(late))
		require.NoError(t, err)
		require.Empty(t, unfit)
		require.Equal(t, p.stood[at].Whole(), then.Whole())
		_, _, err = history.At(p.now, p.changes, p.changes[0].At.Add(-time.Nanosecond))
		require.ErrorAs(t, err, new(history.NotYetError))
	})
}

func TestAnInstantChangesNothingOfThePresent(t *testing.T) {
	t.Parallel()
	p := newPast()
	p.add(facility(1))
	p.add(facility(2))
	p.remove(0)
	_, _, err := history.At(p.now, p.changes, p.changes[1].At)
	require.NoError(t, err)
	require.Equal(t, []history.Part{facility(2)}, p.now.Parts)
}

func TestAProfileThatDidNotExistYet(t *testing.T) {
	t.Parallel()
	p := newPast()
	_, _, err := history.At(p.now, p.changes, start)
	require.EqualError(t, err, "profile FA001: it did not exist then; it was created at 2026-03-28 23:01:00")
	p.changes[0].At = time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)
	_, _, err = history.At(p.now, p.changes, start)
	require.EqualError(t, err, "profile FA001: it did not exist then; it was created at 2026-07-01 09:00:00", "in London")
}

// A transaction that began early and wrote late counts from when it can have written.
func TestAChangeNeverCountsFromBeforeTheOneItFollowed(t *testing.T) {
	t.Parallel()
	p := newPast()
	p.set(profile.FieldPhone, "first")
	p.now.Values.Set(profile.FieldPhone, "second")
	p.write(history.Change{Field: "phone", Old: "first", New: "second", At: p.changes[1].At.Add(-30 * time.Second)})
	for late, want := range map[time.Duration]string{-time.Second: "", 0: "second"} {
		then, unfit, err := history.At(p.now, p.changes, p.changes[1].At.Add(late))
		require.NoError(t, err)
		require.Empty(t, unfit)
		require.Equal(t, want, then.Values.Get(profile.FieldPhone))
	}
}

// What was written without the audit is named, and the audit is believed.
func TestChangesThatDoNotFit(t *testing.T) {
	t.Parallel()
	p := newPast()
	p.set(profile.FieldPhone, "1")
	p.set(profile.FieldPhone, "2")
	p.add(facility(1))
	p.now.Values.Set(profile.FieldPhone, "3")
	p.now.Parts = nil
	p.write(history.Change{Field: "fax", Old: "1", New: "2"})
	then, unfit, err := history.At(p.now, p.changes, p.changes[0].At)
	require.NoError(t, err)
	require.Equal(t, []int64{3, 4, 5}, unfit)
	require.Empty(t, then.Values.Get(profile.FieldPhone))
}

// Older versions wrote other names, in another order, and left less out.
func TestPartsAreTheSameInAnyForm(t *testing.T) {
	t.Parallel()
	for name, forms := range map[string][2]string{
		"order":         {`{"name": "A", "value": "yes"}`, `{"value":"yes","name":"A"}`},
		"empty":         {`{"name": "A", "kind": "", "external_id": null}`, `{"name": "A"}`},
		"lists":         {`{"name": "A", "contacts": [], "withdrawn": false}`, `{"name": "A"}`},
		"no JSON":       {`A`, `A`},
		"many contacts": {`{"contacts": [{"a": 1}], "withdrawn": true}`, `{"withdrawn": true, "contacts": [{"a": 1}]}`},
	} {
		p := newPast()
		p.add(history.Part{Field: profile.FieldServices, JSON: forms[0]})
		p.now.Parts[0].JSON = forms[1]
		then, unfit, err := history.At(p.now, p.changes, p.changes[0].At)
		require.NoError(t, err)
		require.Empty(t, unfit, name)
		require.Empty(t, then.Parts, name)
	}
}

func TestPartsAreShownAsAPushReadsThem(t *testing.T) {
	t.Parallel()
	part := func(f profile.Field, text string) history.Part { return history.Part{Field: f, JSON: text} }
	s := history.Standing{Parts: []history.Part{
		part(profile.FieldOpeningTimes, `{"day": "bank-holiday", "opens": "10:00:00", "closes": "12:00:00"}`),
		part(profile.FieldOpeningTimes, `{"day": "sun", "opens": "14:00:00", "closes": "17:00:30"}`),
		part(profile.FieldOpeningTimes, `{"day": "sun", "opens": "09:00:00", "closes": "12:00:00"}`),
		part(profile.FieldOpeningTimes, `{"day": "mon", "opens": "09:00:00", "closes": "00:00:00"}`),
		part(profile.FieldDatedOpeningTimes, `{"date": "2026-12-26", "opens": "10:00:00", "closes": "12:00:00"}`),
		part(profile.FieldDatedOpeningTimes, `{"date": "2026-12-25", "opens": null, "closes": null}`),
		part(profile.FieldFacilities, `{"name": "Step: free", "value": "yes: a\nramp"}`),
		part(profile.FieldFacilities, `{"name": "Parking", "value": "no"}`),
		part(profile.FieldServices, `{"name": "Vaccination", "nhs_code": "SRV0560", "source": "editor"}`),
		part(profile.FieldServices, `{"name": "Foot care", "nhs_code": "", "source": "editor"}`),
		part(profile.FieldServices, `{"name": "Gone", "nhs_code": "", "source": "editor", "withdrawn": true}`),
		part(profile.FieldERSServices, `{"name": "Eye\nclinic", "external_id": "12", "source": "ers"}`),
		part(profile.FieldServiceTexts, `{"external_id": "12", "text": "Bring glasses"}`),
		part(profile.FieldServiceTexts, `no JSON`),
	}}
	for f, want := range map[profile.Field]string{
		profile.FieldOpeningTimes:      "mon 09:00-00:00\nsun 09:00-12:00\nsun 14:00-17:00:30\nbank-holiday 10:00-12:00",
		profile.FieldDatedOpeningTimes: "2026-12-25 closed\n2026-12-26 10:00-12:00",
		profile.FieldFacilities:        "Parking: no\nStep  free: yes a ramp",
		profile.FieldServices:          "- Foot care\nSRV0560 Vaccination",
		profile.FieldERSServices:       "12 Eye clinic",
		profile.FieldServiceTexts:      "12 Bring glasses",
	} {
		values := s.Whole()
		require.Equal(t, want, values.Get(f), f)
	}
}
