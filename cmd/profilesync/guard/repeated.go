package guard

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"hash"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/profilesync/profilesync/connectors/postgres"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

const (
	keyHeader = "Idempotency-Key"
	maxKey    = 255
	// maxKept is how many bytes of an answer are kept: of a longer one, only the status is.
	maxKept = 256 << 10
	// againWithin is how long the body of a request may take that is sent again: as long as
	// that of the longest operation.
	againWithin = time.Hour
)

// Repeatable lets a principal repeat a request that changes something, under the header
// Idempotency-Key, for 24 hours: it is done once, and its answer given again. The same key
// with another request, or with other verbs, gets 422, and 409 while the first is being answered. One whose daemon
// died before it answered is begun again: what it does must know its own work, as runs do by
// Once, or change nothing the second time, or be refused, which then says that it may be done already. What it
// asked for is not known then: another request with its key is done as what it is. A caller who is gone stops nothing:
// the answer is kept for when he asks again. What was refused before anything was done (401,
// 403, 413, 429, 503, or a body that broke off) is forgotten, so that it can be tried again;
// every other answer is kept, and 500 where the operation panicked. It stands after the caller is known.
func (g *Guard) Repeatable(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keys := r.Header.Values(keyHeader)
		p, known := From(r.Context())
		if len(keys) == 0 || !known || slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, r.Method) {
			next.ServeHTTP(w, r)
			return
		}
		if len(keys) > 1 || !isKey(keys[0]) {
			Problem(w, r, http.StatusBadRequest, "Idempotency-Key: want one, of 1 to 255 printable ASCII characters")
			return
		}
		claimed, before, err := g.Keys.BeginKey(r.Context(), p.Name, keys[0])
		switch {
		case err != nil:
			g.Log.ErrorContext(r.Context(), "keeping the key of a request", "request", RequestID(r.Context()), "error", err)
			Problem(w, r, http.StatusServiceUnavailable, "nothing was done, since its key cannot be kept now: try again in a moment")
		case claimed:
			g.answerOnce(w, r.WithContext(WithOnce(r.Context(), p.Name, keys[0], before)), next, keys[0])
		default:
			g.answerAgain(w, r, before)
		}
	})
}

func isKey(key string) bool {
	return key != "" && len(key) <= maxKey && !bytes.ContainsFunc([]byte(key), func(c rune) bool { return c < ' ' || c > '~' })
}

// digestOf begins the digest of a request; its body follows. It has the verbs of the caller:
// who may do less now, under the same name, is not given what he may no longer see.
func digestOf(r *http.Request) hash.Hash {
	digest := sha256.New()
	p, _ := From(r.Context())
	verbs := slices.Sorted(slices.Values(postgres.Texts(p.Verbs)))
	for _, part := range []string{p.Name, strings.Join(verbs, ","), r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type")} {
		_, _ = io.WriteString(digest, part+"\n") // it never fails
	}
	return digest
}

// answerOnce answers a request, and keeps the answer.
func (g *Guard) answerOnce(w http.ResponseWriter, r *http.Request, next http.Handler, key string) {
	digest := digestOf(r)
	whole := r.Body
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.TeeReader(whole, digest), whole}
	kept := &keeping{ResponseWriter: w}
	working, ended := WithoutCaller(r.Context())
	defer ended()
	panicked := true
	defer func() { // also while it panics
		_, _ = io.Copy(digest, whole) // what the handler left
		if working.Err() == nil {     // else the daemon stops: another one begins it again
			g.keep(r, kept, accessstore.Answer{Digest: digest.Sum(nil)}, panicked, key)
		}
	}()
	next.ServeHTTP(kept, r.WithContext(working))
	panicked = false
}

// keep keeps the answer under its key, or forgets the key if nothing was done.
func (g *Guard) keep(r *http.Request, kept *keeping, answer accessstore.Answer, panicked bool, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), endTime)
	defer cancel()
	p, _ := From(ctx)
	c := callOf(ctx)
	answer.Status = max(kept.status, http.StatusOK)
	switch {
	case panicked:
		answer.Status = http.StatusInternalServerError
	case !kept.tooLong && !c.secret:
		answer.ContentType, answer.Body = kept.Header().Get("Content-Type"), kept.body.Bytes()
	}
	if !panicked {
		answer.Location = kept.Header().Get("Location")
	}
	var err error
	broken := c.body.broken && !panicked && answer.Status >= http.StatusBadRequest
	if broken || NotBegun(answer.Status) {
		err = g.Keys.ForgetKey(ctx, p.Name, key, BegunAgain(ctx))
	} else {
		err = g.Keys.AnswerKey(ctx, p.Name, key, answer)
	}
	if err != nil {
		g.Log.ErrorContext(ctx, "keeping an answer", "request", c.id, "error", err)
	}
}

// notBegun are the answers after which nothing was done.
var notBegun = []int{
	http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests,
	http.StatusServiceUnavailable,
}

// NotBegun reports whether nothing was done if the answer has this status.
func NotBegun(status int) bool { return slices.Contains(notBegun, status) }

// answerAgain answers a request whose key was used before.
func (g *Guard) answerAgain(w http.ResponseWriter, r *http.Request, before accessstore.Answer) {
	if before.Status == 0 {
		w.Header().Set("Retry-After", "1") // the first may be answered by then
		Problem(w, r, http.StatusConflict, "the first request with this key has no answer yet: ask again in a moment; "+
			"if its daemon died, it is begun again as soon as another one has noticed")
		return
	}
	digest := digestOf(r)
	err := errors.Join(AllowBody(r.Context(), max(g.LargestBody, defaultBody)), AllowTime(r.Context(), againWithin))
	if err == nil {
		_, err = io.Copy(digest, r.Body)
	}
	if err != nil {
		Problem(w, r, http.StatusBadRequest, "the body could not be read")
		return
	}
	if subtle.ConstantTimeCompare(digest.Sum(nil), before.Digest) != 1 {
		Problem(
			w,
			r,
			http.StatusUnprocessableEntity,
			"this key was used for another request, or when you might do other things: use another one",
		)
		return
	}
	for name, value := range map[string]string{"Content-Type": before.ContentType, "Location": before.Location} {
		if value != "" {
			w.Header().Set(name, value)
		}
	}
	w.Header().Set("Idempotency-Replayed", "true")
	if before.Status >= http.StatusInternalServerError && len(before.Body) == 0 { // it panicked
		Problem(w, r, before.Status, "something went wrong when this was first asked for: look at what became of it, then use another key")
		return
	}
	w.WriteHeader(before.Status)
	_, _ = w.Write(before.Body) // an error means that the caller is gone
}

// keeping keeps an answer while it is given.
type keeping struct {
	http.ResponseWriter

	status  int
	body    bytes.Buffer
	tooLong bool
}

// WriteHeader notes the status.
func (k *keeping) WriteHeader(status int) {
	if k.status == 0 && status >= http.StatusOK {
		k.status = status
	}
	k.ResponseWriter.WriteHeader(status)
}

// Write keeps what is written, up to a length.
func (k *keeping) Write(p []byte) (int, error) {
	if k.status == 0 {
		k.status = http.StatusOK
	}
	if k.tooLong = k.tooLong || k.body.Len()+len(p) > maxKept; !k.tooLong {
		_, _ = k.body.Write(p)
	}
	return k.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (k *keeping) Unwrap() http.ResponseWriter { return k.ResponseWriter }
