package web

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// What was done is said on the next page, once: a cookie takes it there. In the address, it
// would be said again to whoever reloads or gets the link.
const (
	noticeCookie = "profilesync-notice"
	noticeFor    = time.Minute
)

// goOn leads to the address that a deed returned. Its parameter "done" goes by cookie.
func goOn(w http.ResponseWriter, r *http.Request, to string) {
	if at, err := url.Parse(to); err == nil {
		query := at.Query()
		if done := query.Get("done"); done != "" {
			query.Del("done")
			at.RawQuery = query.Encode()
			to = at.String()
			notice(w, r, at.Path+"\n"+done, int(noticeFor.Seconds()))
		}
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func notice(w http.ResponseWriter, r *http.Request, text string, age int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure where people come by https
		Name: noticeCookie, Value: base64.RawURLEncoding.EncodeToString([]byte(text)), Path: "/", MaxAge: age, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: slices.ContainsFunc(r.Cookies(), isOfHTTPS),
	})
}

// isOfHTTPS reports whether a cookie is one that browsers send by https only, as that of the
// session is where people come by https.
func isOfHTTPS(c *http.Cookie) bool { return strings.HasPrefix(c.Name, "__Host-") }

// saidOnce is what was done before this page was asked for, and is said now; empty for
// nothing.
func saidOnce(w http.ResponseWriter, r *http.Request) string {
	cookie, err := r.Cookie(noticeCookie)
	if err != nil || r.Method != http.MethodGet {
		return ""
	}
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	path, done, _ := strings.Cut(string(text), "\n")
	if err != nil || path != r.URL.Path {
		return ""
	}
	notice(w, r, "", -1)
	return done
}
