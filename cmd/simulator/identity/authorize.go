package identity

import (
	"crypto/subtle"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

//go:embed sign-in.html
var signIn string

var signInPage = template.Must(template.New("sign-in").Parse(signIn))

// asked are the parameters of an authorisation request that the form carries on.
var asked = []string{"client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge", "code_challenge_method"}

// askWho shows the form, unless the request is wrong.
func (p *Provider) askWho(w http.ResponseWriter, r *http.Request) {
	if p.refused(w, r, r.URL.Query()) {
		return
	}
	p.showForm(w, r.URL.Query(), "")
}

func (p *Provider) showForm(w http.ResponseWriter, query url.Values, problem string) {
	carried := map[string]string{}
	for _, name := range asked {
		carried[name] = query.Get(name)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if problem != "" {
		w.WriteHeader(http.StatusUnauthorized)
	}
	if err := signInPage.Execute(w, map[string]any{"Carried": carried, "Problem": problem}); err != nil {
		return // the browser has gone
	}
}

// grantCode sends a person who gave the right password back with a code.
func (p *Provider) grantCode(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if p.refused(w, r, r.PostForm) {
		return
	}
	who := slices.IndexFunc(p.people, func(one Person) bool {
		return one.Login == r.PostForm.Get("login") && subtle.ConstantTimeCompare([]byte(one.Password), []byte(r.PostForm.Get("password"))) == 1
	})
	if who < 0 {
		p.showForm(w, r.PostForm, "There is no such name with this password.")
		return
	}
	code := p.keep(grant{
		person: p.people[who], redirect: r.PostForm.Get("redirect_uri"),
		nonce: r.PostForm.Get("nonce"), challenge: r.PostForm.Get("code_challenge"),
	})
	p.back(w, r, r.PostForm, url.Values{"code": {code}})
}

// refused answers a wrong authorisation request. One from an unknown client, or to an
// unknown place, goes nowhere (RFC 6749, "Error Response").
func (p *Provider) refused(w http.ResponseWriter, r *http.Request, query url.Values) bool {
	if query.Get("client_id") != p.client.ID || !slices.Contains(p.client.Redirects, query.Get("redirect_uri")) {
		http.Error(w, "unknown client_id, or a redirect_uri that is not its own", http.StatusBadRequest)
		return true
	}
	problem := ""
	switch {
	case query.Get("response_type") != "code":
		problem = "unsupported_response_type"
	case !slices.Contains(strings.Fields(query.Get("scope")), "openid"):
		problem = "invalid_scope"
	case query.Get("code_challenge_method") != "S256" || query.Get("code_challenge") == "":
		problem = "invalid_request"
	}
	if problem == "" {
		return false
	}
	p.back(w, r, query, url.Values{"error": {problem}})
	return true
}

func (p *Provider) back(w http.ResponseWriter, r *http.Request, query, answer url.Values) {
	if state := query.Get("state"); state != "" {
		answer.Set("state", state)
	}
	http.Redirect(w, r, query.Get("redirect_uri")+"?"+answer.Encode(), http.StatusSeeOther) //nolint:gosec // it is one of the client's
}

// signOut sends the browser back to where it came from, if that is the client's.
func (p *Provider) signOut(w http.ResponseWriter, r *http.Request) {
	back, err := url.Parse(r.URL.Query().Get("post_logout_redirect_uri"))
	home, _ := url.Parse(p.client.Redirects[0])
	if err != nil || home == nil || back.Host != home.Host {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte("You are signed out.\n"))
		return
	}
	http.Redirect(w, r, back.String(), http.StatusSeeOther) //nolint:gosec // it is the client's host
}
