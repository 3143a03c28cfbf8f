package guard_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

func TestARepeatedRequestIsDoneOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	const key = "Idempotency-Key: 7e57"
	first := w.ask("POST", "/approve/7", "x", bearer(w.all), key)
	require.Equal(t, http.StatusCreated, first.status)
	again := w.ask("POST", "/approve/7", "x", bearer(w.all), key)
	require.Equal(t, first.status, again.status)
	require.Equal(t, "done 1", again.body)
	require.Equal(t, "/runs/7", again.header.Get("Location"))
	require.Equal(t, first.header.Get("Content-Type"), again.header.Get("Content-Type"))
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	require.Equal(t, []string{"x"}, w.done)
	for _, another := range [][2]string{{"/approve/7", "y"}, {"/approve/8", "x"}, {"/upload", "x"}} {
		requireProblem(t, w.ask("POST", another[0], another[1], bearer(w.all), key), http.StatusUnprocessableEntity)
	}
	require.Equal(t, "done 2", w.ask("POST", "/approve/7", "x", bearer(w.token("other", "approve")), key).body, "everybody has his own keys")
	require.Equal(t, "done 3", w.ask("POST", "/approve/7", "x", bearer(w.all)).body, "without a key it is another request")
}

func TestARequestThatIsBeingAnsweredIsNotRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	w.store.keys["token:all k"] = accessstore.Answer{}
	requireProblem(t, w.ask("POST", "/approve/7", "x", bearer(w.all), "Idempotency-Key: k"), http.StatusConflict)
	require.Empty(t, w.done)
}

// What was refused before it was begun can be tried again under its key.
func TestWhatWasNotBegunMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	const key = "Idempotency-Key: k"
	requireProblem(t, w.ask("POST", "/approve/7", "x", bearer(w.readOnly), key), http.StatusForbidden)
	require.Equal(t, http.StatusRequestEntityTooLarge, w.ask("POST", "/approve/7", strings.Repeat("x", 2<<20), bearer(w.all), key).status)
	require.Empty(t, w.store.keys)
	require.Equal(t, http.StatusConflict, w.ask("POST", "/approve/7", "late", bearer(w.all), key).status)
	require.Equal(t, "true", w.ask("POST", "/approve/7", "late", bearer(w.all), key).header.Get("Idempotency-Replayed"), "this one was")
}

// A key whose first daemon ended stays one that is begun again, whatever is refused meanwhile
// before anything is done: what the first daemon did is found by it.
func TestAKeyThatIsBegunAgainIsNotForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	const key = "Idempotency-Key: k"
	w.store.keys["token:all k"] = accessstore.Answer{Again: true}
	require.Equal(t, http.StatusRequestEntityTooLarge, w.ask("POST", "/approve/7", strings.Repeat("x", 2<<20), bearer(w.all), key).status)
	require.Equal(t, map[string]accessstore.Answer{"token:all k": {Again: true}}, w.store.keys)
	require.Equal(t, http.StatusCreated, w.ask("POST", "/approve/7", "x", bearer(w.all), key).status)
	require.Equal(t, "true", w.ask("POST", "/approve/7", "x", bearer(w.all), key).header.Get("Idempotency-Replayed"))
}

func TestAKeyHasAForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	for _, keys := range [][]string{
		{"Idempotency-Key: " + strings.Repeat("k", 256)},
		{"Idempotency-Key: "},
		{"Idempotency-Key: é"},
		{"Idempotency-Key: a", "Idempotency-Key: b"},
	} {
		requireProblem(t, w.ask("POST", "/approve/7", "x", append(keys, bearer(w.all))...), http.StatusBadRequest)
	}
	require.Empty(t, w.done)
	require.Equal(t, http.StatusOK, w.ask("GET", "/read", "", bearer(w.all), "Idempotency-Key: k").status)
	require.Empty(t, w.store.keys, "reading needs none")
}

// What is shown once is kept nowhere: who asks again gets the status alone.
func TestWhatIsShownOnceIsNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	const key = "Idempotency-Key: k"
	require.Equal(t, "psync_secret", w.ask("POST", "/approve/7", "secret", bearer(w.all), key).body)
	require.Empty(t, w.store.keys["token:all k"].Body)
	again := w.ask("POST", "/approve/7", "secret", bearer(w.all), key)
	require.Equal(t, http.StatusOK, again.status)
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	require.Empty(t, again.body)
}

// An operation that panics has an answer as well: who asks again does not wait for one.
func TestAPanicIsAnAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	const key = "Idempotency-Key: k"
	first := w.ask("POST", "/approve/9", "panic", bearer(w.all), key)
	requireProblem(t, first, http.StatusInternalServerError)
	require.Empty(t, first.header.Get("Idempotency-Replayed"))
	require.Contains(t, w.log.String(), "a request panicked")
	again := w.ask("POST", "/approve/9", "panic", bearer(w.all), key)
	requireProblem(t, again, http.StatusInternalServerError)
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	requireProblem(t, w.ask("POST", "/approve/9", "x", bearer(w.all), key), http.StatusUnprocessableEntity)
	require.Equal(t, []string{"token:all approve approve-run 9 failed"}, w.store.audited())
}

// A token that was made again under its name, with fewer verbs, is not given the answer to the first.
func TestAnAnswerIsForTheVerbsThatItWasGivenTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, manyOfAll)
	const key = "Idempotency-Key: k"
	require.Equal(t, http.StatusCreated, w.ask("POST", "/approve/7", "x", bearer(w.all), key).status)
	same := w.token("all", guard.People, guard.Administer, guard.Approve, guard.Reconcile, guard.Read)
	require.Equal(t, "done 1", w.ask("POST", "/approve/7", "x", bearer(same), key).body, "the same verbs")
	fewer := w.token("all", guard.Read)
	requireProblem(t, w.ask("POST", "/approve/7", "x", bearer(fewer), key), http.StatusUnprocessableEntity, "done 1")
	require.Equal(t, []string{"x"}, w.done)
}
