package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/profilesync/profilesync/cmd/profilesync/actions"
	"github.com/profilesync/profilesync/cmd/profilesync/console/page"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/connectors/postgres/accessstore"
)

const (
	// lengthOfToken is that of rand.Text.
	lengthOfToken = 26
	// awaits is how long a second click waits for the answer to the first.
	awaits = 10 * time.Second
	looks  = 200 * time.Millisecond
	// endTime is how long it may take to keep an answer, also when the caller is gone.
	endTime = 5 * time.Second
)

// errPanicked is what became of a deed that did not return.
var errPanicked = errors.New("the deed panicked")

// once does a deed once for each token of a form. A second click, or the browser's
// reloading, gets the answer to the first; the token with other contents is refused.
func (d *Desk) once(w http.ResponseWriter, r *http.Request, caller guard.Principal, route Route, deed Deed) {
	token := r.PostFormValue("once")
	if len(token) != lengthOfToken {
		d.Fail(w, r, errNoToken)
		return
	}
	digest, err := digestOf(r)
	if err != nil {
		d.Fail(w, r, unreadable(err))
		return
	}
	sent := sending{caller.Name, "form " + token, digest}
	claimed, before, err := d.claim(r.Context(), sent.name, sent.key)
	switch {
	case err != nil:
		d.Fail(w, r, err)
	case claimed:
		begun := r.WithContext(guard.WithOnce(r.Context(), sent.name, sent.key, before))
		d.first(w, begun, sent, route, deed)
	case before.Status != 0 && subtle.ConstantTimeCompare(before.Digest, digest) != 1:
		d.Fail(w, r, errSentOtherwise)
	case before.Location != "":
		goOn(w, r, before.Location)
	case before.Status == http.StatusSeeOther:
		d.Fail(w, r, errShownOnce)
	default:
		d.Fail(w, r, errSentBefore)
	}
}

// sending is a form that was sent: by whom, its key, and the digest of what it says.
type sending struct {
	name, key string
	digest    []byte
}

// digestOf is the digest of what a form says, without its token.
func digestOf(r *http.Request) ([]byte, error) {
	digest, said := sha256.New(), maps.Clone(r.PostForm)
	delete(said, "once")
	_, _ = io.WriteString(digest, r.URL.RequestURI()+"\n"+said.Encode()) // it never fails
	if r.MultipartForm == nil {
		return digest.Sum(nil), nil
	}
	for _, field := range slices.Sorted(maps.Keys(r.MultipartForm.File)) {
		for _, header := range r.MultipartForm.File[field] {
			_, _ = io.WriteString(digest, "\n"+strconv.Quote(field)+strconv.Quote(header.Filename)+strconv.FormatInt(header.Size, 10)+"\n")
			file, err := header.Open()
			if err != nil {
				return nil, err
			}
			_, err = io.Copy(digest, file)
			_ = file.Close() // it was only read
			if err != nil {
				return nil, err
			}
		}
	}
	return digest.Sum(nil), nil
}

// first does the deed of a form that was not sent before.
func (d *Desk) first(w http.ResponseWriter, r *http.Request, sent sending, route Route, deed Deed) {
	to, shown, err := d.performed(r, sent, deed)
	switch {
	case err != nil:
		d.refused(w, r, route, err)
	case shown != nil:
		d.write(w, r, http.StatusOK, *shown)
	default:
		goOn(w, r, to)
	}
}

// performed does the deed, although whoever sent the form may have left, and keeps where it
// led, also while it panics.
func (d *Desk) performed(r *http.Request, sent sending, deed Deed) (to string, shown *page.Page, err error) {
	err = errPanicked
	working, ended := guard.WithoutCaller(r.Context())
	defer ended()
	defer func() {
		if working.Err() == nil { // else the daemon stops: another one begins it again
			d.keep(r.Context(), sent, to, err) //nolint:contextcheck // it is kept for whoever is gone, too
		}
	}()
	bounded, cancel := context.WithTimeout(working, uploadTime)
	defer cancel()
	to, shown, err = perform(r.WithContext(bounded), deed)
	return to, shown, actions.MayBeDone(bounded, err)
}

// claim claims a token. While somebody else has it, it waits for the answer.
func (d *Desk) claim(ctx context.Context, name, key string) (claimed bool, before accessstore.Answer, err error) {
	enough, ticker := time.NewTimer(awaits), time.NewTicker(looks)
	defer enough.Stop()
	defer ticker.Stop()
	for {
		claimed, before, err = d.Keys.BeginKey(ctx, name, key)
		if err != nil || claimed || before.Status != 0 {
			return claimed, before, err
		}
		select {
		case <-ctx.Done():
			return false, before, ctx.Err()
		case <-enough.C:
			return false, before, nil
		case <-ticker.C:
		}
	}
}

// keep keeps where the answer led. If nothing was done, the form may be sent again.
func (d *Desk) keep(ctx context.Context, sent sending, to string, refused error) {
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	var err error
	if refused != nil && (again(refused) || guard.NotBegun(guard.StatusOf(refused))) {
		err = d.Keys.ForgetKey(ending, sent.name, sent.key, guard.BegunAgain(ending))
	} else {
		answer := accessstore.Answer{Digest: sent.digest, Status: http.StatusSeeOther, Location: to}
		if refused != nil {
			answer.Status = http.StatusInternalServerError
		}
		err = d.Keys.AnswerKey(ending, sent.name, sent.key, answer)
	}
	if err != nil {
		d.Log.ErrorContext(ctx, "keeping the answer to a form", "request", guard.RequestID(ctx), "error", err)
	}
}
