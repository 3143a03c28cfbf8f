package history_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/profilesync/profilesync/reconcile/history"
	"github.com/profilesync/profilesync/reconcile/profile"
)

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun", "bank-holiday"}

func clock() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf("%02d:%02d:00", rapid.IntRange(0, 23).Draw(t, "hour"), 15*rapid.IntRange(0, 3).Draw(t, "quarter"))
	})
}

// drawPeriods are weekly opening times, each day's sorted, none twice.
func drawPeriods(t *rapid.T) (parts []history.Part, text string) {
	var lines []string
	for _, day := range weekdays {
		opens := rapid.SliceOfNDistinct(clock(), 0, 3, rapid.ID[string]).Draw(t, day)
		slices.Sort(opens)
		for _, o := range opens {
			closes := clock().Draw(t, "closes")
			row, err := json.Marshal(map[string]string{"day": day, "opens": o, "closes": closes})
			require.NoError(t, err)
			parts = append(parts, history.Part{Field: profile.FieldOpeningTimes, JSON: string(row)})
			lines = append(lines, day+" "+strings.TrimSuffix(o, ":00")+"-"+strings.TrimSuffix(closes, ":00"))
		}
	}
	return parts, strings.Join(lines, "\n")
}

// The lines of opening times stand in the order of the week, however the rows come.
func TestOpeningTimesStandInTheOrderOfTheWeek(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parts, want := drawPeriods(t)
		seed := rapid.Uint64().Draw(t, "seed")
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		s := history.Standing{Parts: parts}
		require.Equal(t, want, s.Text(profile.FieldOpeningTimes))
		require.Empty(t, s.Text(profile.FieldDatedOpeningTimes), "of no other field")
		require.True(t, profile.Same(profile.FieldOpeningTimes, want, s.Text(profile.FieldOpeningTimes)))
	})
}

// A part that is there twice is taken away once.
func TestPartsThatAreAlikeAreCounted(t *testing.T) {
	t.Parallel()
	vaccination := history.Part{Field: profile.FieldServices, JSON: `{"name": "Vaccination", "nhs_code": "", "source": "editor"}`}
	p := newPast()
	p.add(vaccination)
	p.by("t1", "u-2", 0, 1)
	p.add(vaccination)
	p.by("t2", "u-2", 0, 1)
	require.Equal(t, "- Vaccination\n- Vaccination", p.now.Text(profile.FieldServices))

	back, err := p.told().Undo(profile.FieldServices, 0, today)
	require.NoError(t, err)
	require.Equal(t, []history.Part{vaccination}, back.Remove)
	then, unfit, err := history.At(p.now, p.changes, p.changes[1].At)
	require.NoError(t, err)
	require.Empty(t, unfit)
	require.Equal(t, []history.Part{vaccination}, then.Parts)
}

// A part is of its field: the same row of another field is another part.
func TestAPartIsOfItsField(t *testing.T) {
	t.Parallel()
	const row = `{"name": "Eyes", "external_id": "12"}`
	p := newPast()
	p.add(history.Part{Field: profile.FieldERSServices, JSON: row})
	p.add(history.Part{Field: profile.FieldServices, JSON: row})
	p.by("t1", "u-2", 0, 1)
	back, err := p.told().Undo(profile.FieldServices, 0, today)
	require.NoError(t, err)
	require.Equal(t, []history.Part{{Field: profile.FieldServices, JSON: row}}, back.Remove)
}

// What was withdrawn stays a part, and no text shows it.
func TestAWithdrawnServiceIsKept(t *testing.T) {
	t.Parallel()
	const shown, withdrawn = `{"name": "Eyes", "external_id": "12"}`, `{"name": "Eyes", "external_id": "12", "withdrawn": true}`
	p := newPast()
	p.add(history.Part{Field: profile.FieldERSServices, JSON: shown})
	p.now.Parts[0].JSON = withdrawn
	p.write(history.Change{Field: profile.FieldERSServices.String(), Old: shown, New: withdrawn})
	require.Empty(t, p.now.Text(profile.FieldERSServices))
	then, unfit, err := history.At(p.now, p.changes, p.changes[1].At)
	require.NoError(t, err)
	require.Empty(t, unfit)
	require.Equal(t, "12 Eyes", then.Text(profile.FieldERSServices))
}

// All fields are stated of a rebuilt profile that were of the present one, and the parts.
func TestAWholeProfileStatesItsParts(t *testing.T) {
	t.Parallel()
	p := newPast()
	whole := p.now.Whole()
	for _, f := range profile.Fields() {
		require.True(t, whole.States(f), f)
	}
	bare := history.Standing{}
	empty := bare.Whole()
	for _, f := range profile.Fields() {
		require.Equal(t, f.InRows(), empty.States(f), f)
	}
}
