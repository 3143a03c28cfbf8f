package web

import (
	"context"
	"crypto/sha256"
	"net/http"
	"time"

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

// once does a deed once for each token of a form. A second click, or the browser's
// reloading, gets the answer to the first.
func (d *Desk) once(w http.ResponseWriter, r *http.Request, caller guard.Principal, route Route, deed Deed) {
	token := r.PostFormValue("once")
	if len(token) != lengthOfToken {
		d.Fail(w, r, errNoToken)
		return
	}
	key := "form " + token
	claimed, before, err := d.claim(r.Context(), caller.Name, key)
	switch {
	case err != nil:
		d.Fail(w, r, err)
	case claimed:
		d.first(w, r.WithContext(guard.WithOnce(r.Context(), caller.Name, key, before.Begun)), caller.Name, key, route, deed)
	case before.Location != "":
		http.Redirect(w, r, before.Location, http.StatusSeeOther)
	case before.Status == http.StatusSeeOther:
		d.Fail(w, r, errShownOnce)
	default:
		d.Fail(w, r, errSentBefore)
	}
}

// first does the deed of a form that was not sent before.
func (d *Desk) first(w http.ResponseWriter, r *http.Request, name, key string, route Route, deed Deed) {
	to, shown, err := perform(r, deed)
	d.keep(r.Context(), name, key, to, err)
	switch {
	case err != nil:
		d.refused(w, r, route, err)
	case shown != nil:
		d.write(w, r, http.StatusOK, *shown)
	default:
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
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

// keep keeps where the answer led. After a refusal the form may be sent again.
func (d *Desk) keep(ctx context.Context, name, key, to string, refused error) {
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	var err error
	if refused != nil && again(refused) {
		err = d.Keys.ForgetKey(ending, name, key)
	} else {
		digest := sha256.Sum256([]byte(key))
		answer := accessstore.Answer{Digest: digest[:], Status: http.StatusSeeOther, Location: to}
		if refused != nil {
			answer.Status = http.StatusInternalServerError
		}
		err = d.Keys.AnswerKey(ending, name, key, answer)
	}
	if err != nil {
		d.Log.ErrorContext(ctx, "keeping the answer to a form", "request", guard.RequestID(ctx), "error", err)
	}
}
