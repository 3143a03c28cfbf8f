package e2e

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// editors write profiles as the editing application does, by plain SQL without
// the program. The last values written are the model that the sinks are
// compared with: see invariants_test.go. No value is written twice.
type editors struct {
	t      *testing.T
	conn   *pgx.Conn
	random *rand.Rand
	edits  int
	newest map[string]contact // by code
}

// contact is the edited fields of a profile, which both sinks show; empty if
// not edited.
type contact struct{ phone, website string }

// editors draws edits from a seed, which it logs; PROFILESYNC_CHAOS_SEED sets
// another one.
func (s *site) editors() *editors {
	s.t.Helper()
	seed := seedOf(s.t, "PROFILESYNC_CHAOS_SEED")
	s.t.Logf("seed %d", seed)
	return &editors{s.t, s.connect(), rand.New(rand.NewPCG(seed, seed)), 0, map[string]contact{}}
}

// edit edits each of the profiles once, in random order, several per commit.
func (e *editors) edit(codes []string) {
	e.t.Helper()
	const perCommit = 30
	for group := range slices.Chunk(e.random.Perm(len(codes)), perCommit) {
		batch := &pgx.Batch{}
		for _, i := range group {
			e.queue(batch, codes[i])
		}
		require.NoError(e.t, e.conn.SendBatch(e.t.Context(), batch).Close())
	}
}

func (e *editors) queue(batch *pgx.Batch, code string) {
	e.edits++
	newest := e.newest[code]
	column, value := "phone", fmt.Sprintf("01%02d 496 %04d", 13+e.edits/10_000, e.edits%10_000)
	if e.random.IntN(2) == 0 {
		column, value = "website", fmt.Sprintf("https://www.example.org/%d", e.edits)
		newest.website = value
	} else {
		newest.phone = value
	}
	batch.Queue("update profile set "+column+" = $2 where code = $1", code, value)
	e.newest[code] = newest
}
