package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// chaosEdit is one value that an editor wrote. No value is written twice.
type chaosEdit struct{ code, column, value string }

// chaosModel is what the editing application knows of its own edits.
type chaosModel struct {
	chaos      *chaos
	pharmacies []string
	trusts     []string

	mutex  sync.Mutex
	number int
	done   []chaosEdit                     // committed, the newest last
	newest map[string]map[string]chaosEdit // by code, then column
}

func newChaosModel(c *chaos) *chaosModel {
	c.t.Helper()
	of := func(kind string) []string {
		return one[[]string](c.site, "select array_agg(code order by code) from profile where type = $1", kind)
	}
	return &chaosModel{chaos: c, pharmacies: of("pharmacy"), trusts: of("trust"), newest: map[string]map[string]chaosEdit{}}
}

// draw makes up an edit of one of the profiles.
func (m *chaosModel) draw(random *rand.Rand, codes []string) chaosEdit {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.number++
	e := chaosEdit{codes[random.IntN(len(codes))], "phone", fmt.Sprintf("0113 49%05d", m.number)}
	if random.IntN(2) == 0 {
		e.column, e.value = "website", fmt.Sprintf("https://www.example.org/%d", m.number)
	}
	return e
}

func (m *chaosModel) record(committed bool, edits ...chaosEdit) {
	if !committed {
		return
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.done = append(m.done, edits...)
	for _, e := range edits {
		if m.newest[e.code] == nil {
			m.newest[e.code] = map[string]chaosEdit{}
		}
		m.newest[e.code][e.column] = e
	}
}

// editTime is how long an editor tries to reach the database.
const editTime = time.Minute

// transact makes edits in one transaction, which stays open for some time, and which is rolled
// back unless wanted. Whether a commit without an answer took place, the row says.
func (m *chaosModel) transact(open time.Duration, wanted bool, edits ...chaosEdit) {
	ctx, cancel := context.WithTimeout(m.chaos.t.Context(), editTime)
	defer cancel()
	committed, asked := false, false
	err := persist(ctx, m.chaos.url, func(conn *pgx.Conn) error {
		if asked {
			return errors.New("asked before")
		}
		var err error
		committed, asked, err = attempt(ctx, conn, open, wanted, edits)
		if asked || err == nil {
			return nil
		}
		return err
	})
	switch {
	case err != nil:
		m.chaos.wrongf("settles", "an editor cannot reach the database: %v", err)
	case wanted && !committed:
		committed = m.took(ctx, edits[0])
		m.chaos.notef("an editor had no answer to a commit, which took place: %t", committed)
	}
	m.record(committed, edits...)
	m.chaos.notef("edits %v: committed %t, open for %s", edits, committed, open)
}

// attempt reports whether a transaction was committed, and whether that was asked for: then
// nobody may try it again.
func attempt(ctx context.Context, conn *pgx.Conn, open time.Duration, wanted bool, edits []chaosEdit) (committed, asked bool, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return false, false, err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	for _, e := range edits {
		if _, err := tx.Exec(ctx, "update profile set "+e.column+" = $2 where code = $1", e.code, e.value); err != nil {
			return false, false, err
		}
	}
	select {
	case <-time.After(open):
	case <-ctx.Done():
	}
	if !wanted {
		return false, true, tx.Rollback(ctx)
	}
	err = tx.Commit(ctx)
	return err == nil, true, err
}

// took reports whether an edit was committed, once whoever wrote it has gone.
func (m *chaosModel) took(ctx context.Context, e chaosEdit) (took bool) {
	require.NoError(m.chaos.t, persist(ctx, m.chaos.url, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "select "+e.column+" = $2 from profile where code = $1 for update", e.code, e.value).Scan(&took)
	}))
	return took
}

// quickEditors edit one profile after the other, each in a transaction of its own.
func (c *chaos) quickEditors() {
	const editors, edits = 3, 12
	var editing sync.WaitGroup
	for n := range editors {
		editing.Go(func() {
			random := c.stream(fmt.Sprint("editor", n))
			for range edits {
				pause(random, 20*time.Millisecond, 300*time.Millisecond)
				c.model.transact(0, true, c.model.draw(random, c.model.share(n)))
			}
		})
	}
	editing.Wait()
}

// share returns the profiles that one of those who edit has to themselves: three quick editors,
// the slow one, and the faults of each track.
func (m *chaosModel) share(n int) (codes []string) {
	for i, code := range slices.Concat(m.pharmacies, m.trusts) {
		if i%6 == n {
			codes = append(codes, code)
		}
	}
	return codes
}

// slowEditor leaves transactions open while others edit, and rolls some of them back.
func (c *chaos) slowEditor() {
	const transactions = 4
	random := c.stream("slow editor")
	for range transactions {
		pause(random, 20*time.Millisecond, 300*time.Millisecond)
		first, second := c.model.draw(random, c.model.share(3)), c.model.draw(random, c.model.share(3))
		if second.code == first.code && second.column == first.column {
			second = first
		}
		open := time.Duration(random.Int64N(int64(1200 * time.Millisecond)))
		edits := []chaosEdit{first, second}
		if first == second {
			edits = edits[:1]
		}
		c.model.transact(open, random.IntN(3) > 0, edits...)
	}
}
