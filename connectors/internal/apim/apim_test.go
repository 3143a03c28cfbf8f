package apim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/apim"
	"github.com/profilesync/profilesync/connectors/internal/apim/apimtest"
	"github.com/profilesync/profilesync/connectors/internal/httpx"
)

// recorded keeps the forms that were sent.
type recorded struct {
	http.Handler

	mu    sync.Mutex
	forms []url.Values
	types []string
}

func (r *recorded) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	form, _ := url.ParseQuery(string(body))
	r.mu.Lock()
	r.forms = append(r.forms, form)
	r.types = append(r.types, strings.Join(req.Header.Values("Content-Type"), ","))
	r.mu.Unlock()
	req.Body = io.NopCloser(strings.NewReader(string(body)))
	r.Handler.ServeHTTP(w, req)
}

func TestAssertion(t *testing.T) {
	t.Parallel()
	sent := &recorded{Handler: endpoint()}
	source := tokens(t, options(sent))
	first, err := source.Token(t.Context())
	require.NoError(t, err)
	source.Expire(first)
	second, err := source.Token(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, first, second)

	ids := map[string]bool{}
	for i, form := range sent.forms {
		require.Equal(t, "application/x-www-form-urlencoded", sent.types[i])
		require.Len(t, form, 3)
		require.Equal(t, "client_credentials", form.Get("grant_type"))
		require.Equal(t, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", form.Get("client_assertion_type"))
		claims := jwt.MapClaims{}
		parsed, err := jwt.ParseWithClaims(form.Get("client_assertion"), claims, func(*jwt.Token) (any, error) {
			return &apimtest.Key().PublicKey, nil
		}, jwt.WithValidMethods([]string{"RS512"}), jwt.WithAudience(tokenURL), jwt.WithIssuer(clientID), jwt.WithSubject(clientID))
		require.NoError(t, err)
		require.Equal(t, map[string]any{"alg": "RS512", "typ": "JWT", "kid": keyID}, parsed.Header)
		require.IsType(t, float64(0), claims["exp"])
		ahead := time.Until(time.Unix(int64(claims["exp"].(float64)), 0))
		require.Positive(t, ahead)
		require.LessOrEqual(t, ahead, 300*time.Second)
		ids[claims["jti"].(string)] = true
	}
	require.Len(t, ids, 2)
}

func TestOneCallForManyWorkers(t *testing.T) {
	t.Parallel()
	fake := endpoint()
	source := tokens(t, options(fake))
	for round := 1; round <= 3; round++ {
		var group sync.WaitGroup
		got := make([]string, 50)
		for i := range got {
			group.Go(func() { got[i], _ = source.Token(context.Background()) })
		}
		group.Wait()
		for _, token := range got {
			require.Equal(t, got[0], token)
			require.True(t, fake.Valid(token))
		}
		require.Equal(t, round, fake.Calls())
		source.Expire(got[0])
		source.Expire("of another time")
	}
}

func TestRenewal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := endpoint()
		fake.SetLife(600 * time.Second)
		source := tokens(t, options(fake))
		token := func() string {
			value, err := source.Token(t.Context())
			require.NoError(t, err)
			return value
		}
		first := token()
		wait(479 * time.Second)
		require.Equal(t, first, token())
		require.Equal(t, 1, fake.Calls())
		wait(2 * time.Second)
		second := token()
		require.NotEqual(t, first, second)
		source.Expire(first)
		require.Equal(t, second, token(), "a late 401 for the old token does not drop the new one")
		require.Equal(t, 2, fake.Calls())
	})
}

func TestOldTokenWhileRenewalFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := endpoint()
		broken := false
		source := tokens(t, options(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if broken {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			fake.ServeHTTP(w, r)
		})))
		first, err := source.Token(t.Context())
		require.NoError(t, err)
		broken = true
		wait(590 * time.Second)
		again, err := source.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, first, again)
		wait(10 * time.Second)
		_, err = source.Token(t.Context())
		require.Equal(t, apim.Unauthorised, classIn(t, err))
		broken = false
		_, err = source.Token(t.Context())
		require.NoError(t, err)
	})
}

func TestCancelledCallerLeavesOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := endpoint()
		source := tokens(t, options(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			wait(5 * time.Second)
			fake.ServeHTTP(w, r)
		})))
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			_, err := source.Token(ctx)
			require.ErrorIs(t, err, context.Canceled)
		})
		synctest.Wait()
		group.Go(func() {
			_, err := source.Token(t.Context())
			require.NoError(t, err)
		})
		cancel()
		group.Wait()
		require.Equal(t, 1, fake.Calls())
	})
}

func TestRetries(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		status int
		body   string
		header string
		calls  int
		least  time.Duration
	}{
		"429":              {status: 429, calls: 4, least: 5 * time.Second}, // 1, 2 and 4 s, give or take
		"429 with wait":    {status: 429, header: "9", calls: 4, least: 27 * time.Second},
		"long wait":        {status: 429, header: "600", calls: 1},
		"503 html":         {status: 503, body: "<html>", calls: 4},
		"unreadable":       {status: 200, body: `{"access_token":"abc","expi`, calls: 4},
		"no life":          {status: 200, body: `{"access_token":"abc"}`, calls: 4},
		"negative life":    {status: 200, body: `{"access_token":"abc","expires_in":"-1"}`, calls: 4},
		"no token":         {status: 200, body: `{"expires_in":"599"}`, calls: 4},
		"token with break": {status: 200, body: `{"access_token":"a\nb","expires_in":"599"}`, calls: 4},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sent := &recorded{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					if row.header != "" {
						w.Header().Set("Retry-After", row.header)
					}
					w.WriteHeader(row.status)
					_, _ = io.WriteString(w, row.body)
				})}
				start := time.Now()
				_, err := tokens(t, options(sent)).Token(t.Context())
				require.Equal(t, apim.Retryable, classIn(t, err))
				require.Len(t, sent.forms, row.calls)
				require.GreaterOrEqual(t, time.Since(start), row.least)
				seen := map[string]bool{}
				for _, form := range sent.forms {
					require.False(t, seen[form.Get("client_assertion")], "each attempt signs anew")
					seen[form.Get("client_assertion")] = true
				}
			})
		})
	}
}

func TestLifeAsTextOrNumber(t *testing.T) {
	t.Parallel()
	for _, life := range []string{`"599"`, `599`} {
		source := tokens(t, options(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"access_token":"abc","expires_in":%s,"token_type":"Bearer","issued_at":"1"}`, life)
		})))
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, "abc", token)
	}
}

// Each row of the platform's own tests has a class; only those that a new
// assertion or time can fix are sent again.
func TestEveryRefusal(t *testing.T) {
	t.Parallel()
	for _, row := range tokenCases(t) {
		t.Run(row.When, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sent := &recorded{}
				sent.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					assertion := sent.forms[len(sent.forms)-1].Get("client_assertion")
					w.WriteHeader(row.Status)
					_, _ = fmt.Fprintf(w, `{"error":%q,"error_description":%q,"message_id":"rrt-1"}`, row.Error, row.Description+" "+assertion)
				})
				_, err := tokens(t, options(sent)).Token(t.Context())
				want, calls := apim.Permanent, 1
				switch {
				case strings.Contains(row.When, "unreachable"):
					want, calls = apim.Retryable, 4
				case row.Status == 401 || row.Status == 403:
					want = apim.Unauthorised
				case strings.Contains(row.When, "jti seen before"), strings.Contains(row.When, "in the past"):
					calls = 2
				}
				require.Equal(t, want, classIn(t, err))
				require.Len(t, sent.forms, calls)
				require.Contains(t, err.Error(), "rrt-1")
				require.NotContains(t, err.Error(), "the platform refuses", "each row has a reason of its own")
				for _, form := range sent.forms {
					requireSecretFree(t, err, form.Get("client_assertion"))
				}
			})
		})
	}
}

func requireSecretFree(t *testing.T, err error, secrets ...string) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	for _, secret := range secrets {
		for part := range strings.SplitSeq(secret, ".") {
			require.NotContains(t, text, part)
		}
	}
}

// wait advances synctest's clock.
func wait(d time.Duration) { <-time.After(d) }

func TestPrintingShowsNoToken(t *testing.T) {
	t.Parallel()
	source := tokens(t, options(endpoint()))
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %s", source, source, source, source), token)
}

func TestLostConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := options(nil)
		o.Transport = unreachable{}
		_, err := tokens(t, o).Token(t.Context())
		require.Equal(t, apim.Retryable, classIn(t, err))
		require.ErrorIs(t, err, errUnreachable)
		requireSecretFree(t, err, "eyJ") // every assertion starts with this
	})
}

var errUnreachable = errors.New("connection refused")

type unreachable struct{}

func (unreachable) RoundTrip(*http.Request) (*http.Response, error) { return nil, errUnreachable }

func classIn(t *testing.T, err error) apim.Class {
	t.Helper()
	var refusal *apim.Error
	require.ErrorAs(t, err, &refusal)
	return refusal.Class
}

func TestAuthorized(t *testing.T) {
	t.Parallel()
	unauthorized := fmt.Errorf("reading: %w", &httpx.StatusError{Status: 401, Method: "GET", URL: "https://x"})
	rows := map[string]struct {
		answers []error
		sent    int
		calls   int
		class   apim.Class
	}{
		"taken":          {answers: []error{nil}, sent: 1, calls: 1},
		"token too old":  {answers: []error{unauthorized, nil}, sent: 2, calls: 2},
		"refused again":  {answers: []error{unauthorized, unauthorized}, sent: 2, calls: 2, class: apim.Unauthorised},
		"another answer": {answers: []error{&httpx.StatusError{Status: 403}}, sent: 1, calls: 1},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := endpoint()
			var used []string
			err := apim.Authorized(t.Context(), tokens(t, options(fake)), func(token string) error {
				used = append(used, token)
				return row.answers[len(used)-1]
			})
			require.Len(t, used, row.sent)
			require.Equal(t, row.calls, fake.Calls())
			if row.sent == 2 {
				require.NotEqual(t, used[0], used[1])
			}
			if row.class == "" {
				require.Equal(t, row.answers[row.sent-1], err)
				return
			}
			require.Equal(t, row.class, classIn(t, err))
			requireSecretFree(t, err, used...)
		})
	}
	require.NoError(t, apim.Authorized(t.Context(), nil, func(token string) error {
		require.Empty(t, token)
		return nil
	}))
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	rows := map[string]func(*apim.Options){
		"absolute URL": func(o *apim.Options) { o.TokenURL = "api.example.test/oauth2/token" },
		"https":        func(o *apim.Options) { o.TokenURL = "http://api.example.test/oauth2/token" },
		"no user":      func(o *apim.Options) { o.TokenURL += "?a=b" },
		"client id":    func(o *apim.Options) { o.ClientID = "" },
		"key id":       func(o *apim.Options) { o.KeyID = "" },
		"private key":  func(o *apim.Options) { o.Key = nil },
		"2048":         func(o *apim.Options) { o.Key = shortKey(t) },
	}
	for want, spoil := range rows {
		o := options(nil)
		spoil(&o)
		_, err := apim.New(o)
		require.ErrorContains(t, err, want)
	}
	o := options(nil)
	o.TokenURL = "http://127.0.0.1:8080/oauth2/token"
	_, err := apim.New(o)
	require.NoError(t, err)
}
