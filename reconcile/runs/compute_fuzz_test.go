package runs_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/reconcile/profile"
	"github.com/profilesync/profilesync/reconcile/runs"
)

// tape turns the fuzzer's bytes into choices; behind its end all are the first.
type tape []byte

func (b *tape) pick(n int) int {
	if len(*b) == 0 {
		return 0
	}
	choice := int((*b)[0]) % n
	*b = (*b)[1:]
	return choice
}

func (b *tape) date() profile.Date {
	if n := b.pick(12); n > 0 {
		return today.AddDays(n - 6)
	}
	return profile.Date{}
}

// value is one of the samples, or a few raw bytes: registers hold anything.
func (b *tape) value(f profile.Field) string {
	pool := append([]string{"", "X"}, samples[f]...)
	if n := b.pick(len(pool) + 1); n < len(pool) {
		return pool[n]
	}
	size := min(b.pick(8), len(*b))
	raw := string((*b)[:size])
	*b = (*b)[size:]
	return raw
}

func (b *tape) values() (v profile.Values) {
	for range b.pick(8) {
		f := profile.Fields()[b.pick(len(profile.Fields()))]
		v.Set(f, b.value(f))
	}
	v.Set(profile.FieldType, b.value(profile.FieldType))
	return v
}

func (b *tape) record(code profile.ODSCode) profile.Record {
	all := []profile.Standing{
		profile.Active, profile.Alive, profile.Inactive, profile.Dormant, profile.Proposed, profile.Unstated,
	}
	return profile.Record{Code: code, Standing: all[b.pick(len(all))], Opened: b.date(), Closed: b.date(), Values: b.values()}
}

func (b *tape) world() *world {
	w := newWorld()
	for _, code := range codes[:1+b.pick(3)] {
		w.register[code] = b.record(code)
		if b.pick(3) == 0 {
			continue
		}
		w.accepted[code] = b.record(code)
		p := profile.Profile{Code: code, Values: b.values()}
		status := []profile.Status{profile.StatusOpen, profile.StatusDormant, profile.StatusClosed}[b.pick(3)]
		p.Values.Set(profile.FieldStatus, string(status))
		w.profiles[code] = p
		w.outcomes[code] = runs.Outcome{PendingSince: b.date()}
		for range b.pick(3) {
			f := profile.Fields()[b.pick(len(profile.Fields()))]
			verdict := []runs.Verdict{runs.VerdictHeld, runs.VerdictRejected, runs.VerdictUndone}[b.pick(3)]
			w.marks[code] = append(w.marks[code], runs.Mark{Field: f, Verdict: verdict, Value: b.value(f), Until: b.date()})
		}
	}
	for _, c := range w.compute().Changes {
		if c.Verb != runs.Create && b.pick(2) == 1 {
			c.New = []string{c.New, "X"}[b.pick(2)]
			w.waiting[c.Code] = append(w.waiting[c.Code], waits(c))
		}
	}
	return w
}

func FuzzCompute(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{2, 0, 5, 0, 4, 0, 2, 1, 2, 2, 3, 3, 4, 1, 1, 1, 0, 2, 3, 0, 3, 1, 4, 2, 1, 0, 2, 1, 0, 5, 2, 3, 1, 2, 1, 1})
	f.Add([]byte("\x01\x01\x02\x03\x05\x00\x02\x01\x08abcdefgh\x01\x01\x02\x02\x01\x00\x03ABC\x02\x01\x00\x01\x02\x03\x04\x05\x06\x07"))
	f.Add([]byte("00001B71\xa5A00000")) // a name that is no UTF-8 was put right for ever
	f.Fuzz(func(t *testing.T, data []byte) {
		b := tape(data)
		w := b.world()
		in := w.input()
		plan := runs.Compute(in)
		require.Len(t, plan.Outcomes, len(in.Items))
		slices.Reverse(in.Items)
		require.Equal(t, plan.Digest(), runs.Compute(in).Digest())
		requireSettles(t, w)
		w.day = w.day.AddDays(1)
		requireSettles(t, w)
	})
}
