package register

import (
	"hash/fnv"
	"math/rand/v2"

	"github.com/profilesync/profilesync/reconcile/profile"
)

// draw is a stream of random numbers that depends only on the seed and on names,
// so that an organisation is the same whenever and in whatever order it is made.
type draw struct{ *rand.Rand }

func newDraw(seed uint64, names ...string) draw {
	h := fnv.New64a()
	for _, name := range names {
		h.Write([]byte(name)) // never fails
		h.Write([]byte{0})
	}
	return draw{rand.New(rand.NewPCG(seed, h.Sum64()))} //nolint:gosec // made-up data, not secrets
}

func (d draw) chance(p float64) bool { return d.Float64() < p }

func (d draw) pick(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[d.IntN(len(list))]
}

// weighted picks an index by its weight.
func (d draw) weighted(n int, weight func(int) int) int {
	total := 0
	for i := range n {
		total += weight(i)
	}
	at := d.IntN(total)
	for i := range n {
		if at -= weight(i); at < 0 {
			return i
		}
	}
	return n - 1
}

func (d draw) choose(list []weighted) int {
	return d.weighted(len(list), func(i int) int { return list[i].weight })
}

// day picks a day from first to end, both included, or first if end is before it.
func (d draw) day(first, end profile.Date) profile.Date {
	span := days(first, end)
	if span <= 0 {
		return first
	}
	return first.AddDays(d.IntN(span + 1))
}

// days returns the number of days from one day to another.
func days(from, to profile.Date) int { return int(to.Time().Sub(from.Time()).Hours() / 24) }
