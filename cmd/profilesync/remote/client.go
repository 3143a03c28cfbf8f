package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/api/problem"
	"github.com/profilesync/profilesync/cmd/profilesync/settings"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/reconcile/runs"
)

const (
	// dialTimeout is how long it may take to reach the daemon. Its answer may take as long
	// as what was asked for: a check of all profiles takes minutes.
	dialTimeout = 10 * time.Second
	// firstWait and longestWait are between two attempts, unless the answer says how long.
	firstWait   = 200 * time.Millisecond
	longestWait = 5 * time.Second
	// mostAnswer bounds an answer that is held in memory, in bytes.
	mostAnswer = 64 << 20
)

// Client asks the daemon that the settings name.
type Client struct {
	app      *wiring.App
	http     *http.Client
	progress wiring.Progress
	reached  bool // the daemon has answered
	said     bool // that it does not answer
}

// New returns a client for the settings of a program, which must name a daemon.
func New(a *wiring.App) *Client {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: dialTimeout, KeepAlive: dialTimeout}).DialContext,
		TLSHandshakeTimeout: dialTimeout,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: a.Settings.ServerRoots()},
	}
	return &Client{
		app: a, progress: func(context.Context, runs.ID, string, int, int) {},
		http: &http.Client{
			Transport: transport,
			// The token is for this address only.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// ShowProgress has told how far a run has come.
func (c *Client) ShowProgress(told wiring.Progress) { c.progress = told }

// request is what is asked for.
type request struct {
	method string
	path   string // below operation.Base
	query  url.Values
	body   any    // as JSON; nil for none
	file   string // path of a file that is sent instead
}

// errCut means that an answer ended before its end.
var errCut = errors.New("the answer was cut off")

// do sends a request until it is answered, or the patience of the settings ends, and has
// the answer read. If read returns errCut, it is sent again.
func (c *Client) do(ctx context.Context, r request, read func(*http.Response) error) error {
	a := &attempts{client: c, request: r}
	if r.method != http.MethodGet {
		a.key = rand.Text()
	}
	exponential := retry.WithCappedDuration(longestWait, retry.NewExponential(firstWait))
	wait := retry.WithMaxDuration(c.app.Settings.ServerPatience, retry.BackoffFunc(func() (time.Duration, bool) {
		next, stop := exponential.Next()
		return max(next, a.after), stop
	}))
	err := retry.Do(ctx, wait, func(ctx context.Context) error {
		a.after = 0
		err := a.once(ctx, read)
		if err != nil && a.again {
			c.sayAgain(err)
			return retry.RetryableError(err)
		}
		return err
	})
	if err != nil && ctx.Err() == nil {
		err = a.explained(err)
	}
	return err
}

// sayAgain says once that the daemon does not answer.
func (c *Client) sayAgain(err error) {
	if !c.said {
		c.said = true
		c.app.Sayf("%s does not answer (%v): asking again for %s", c.app.Settings.ServerURL(), err, c.app.Settings.ServerPatience)
	}
}

// attempts are the attempts to have one request answered.
type attempts struct {
	client  *Client
	request request
	key     string
	again   bool          // the last one may be repeated
	after   time.Duration // but not before
	silent  bool          // the last one had no answer at all
	lost    bool          // one of them may have arrived, and its answer did not
}

func (a *attempts) once(ctx context.Context, read func(*http.Response) error) error {
	a.again, a.silent = false, false
	sent, err := a.client.newRequest(ctx, a.request, a.key)
	if err != nil {
		return err
	}
	answer, err := a.client.http.Do(sent)
	if err != nil {
		return a.unanswered(ctx, err)
	}
	defer func() { _ = answer.Body.Close() }() // only read
	a.client.reached = true
	if answer.StatusCode >= http.StatusMultipleChoices {
		a.again, a.after = mayAskAgain(answer)
		a.lost = a.lost || ofProxy(answer)
		return refused(answer)
	}
	err = read(answer)
	if errors.Is(err, errCut) && ctx.Err() == nil {
		a.again, a.lost = true, true
	}
	return err
}

// unanswered is why there was no answer.
func (a *attempts) unanswered(ctx context.Context, err error) error {
	if outer := new(url.Error); errors.As(err, &outer) {
		err = outer.Err // without the address, whose query is nobody's business
	}
	untrusted := errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(tls.RecordHeaderError))
	var dialing *net.OpError
	arrived := !untrusted && (!errors.As(err, &dialing) || dialing.Op != "dial")
	a.again, a.silent, a.lost = ctx.Err() == nil && !untrusted, true, a.lost || arrived
	return err
}

// explained says what is to be done about the last error.
func (a *attempts) explained(err error) error {
	pending := errors.As(err, new(pendingError))
	switch {
	case a.request.method != http.MethodGet && (a.lost && a.again || pending):
		return fmt.Errorf("the daemon's answer was lost (%w): whether it was done is not known; look before you ask again", err)
	case a.silent && !a.client.reached:
		return settings.Error{Err: settings.Wrong("SERVER", "=%s: %w", a.client.app.Settings.ServerURL(), err)}
	case a.silent:
		return fmt.Errorf("%s: %w", a.client.app.Settings.ServerURL(), err)
	}
	return err
}

func (c *Client) newRequest(ctx context.Context, r request, key string) (*http.Request, error) {
	token, err := c.app.Settings.ServerKey()
	if err != nil {
		return nil, settings.Error{Err: err}
	}
	body, length, kind, err := c.bodyOf(r)
	if err != nil {
		return nil, err
	}
	address := c.app.Settings.ServerURL() + operation.Base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	sent, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, err
	}
	if length > 0 {
		sent.ContentLength = length
	}
	sent.Header.Set("Authorization", "Bearer "+token)
	sent.Header.Set("User-Agent", "profilesync/"+c.app.Version)
	sent.Header.Set(problem.InputsHeader, problem.InputsAsFlags)
	if kind != "" {
		sent.Header.Set("Content-Type", kind)
	}
	if key != "" {
		sent.Header.Set(operation.KeyHeader, key)
	}
	return sent, nil
}

// bodyOf opens the body of a request, which whoever sends it closes.
func (c *Client) bodyOf(r request) (body io.Reader, length int64, kind string, err error) {
	switch {
	case r.file != "":
		var file *os.File
		if file, err = c.app.OpenFile(r.file); err != nil {
			return nil, 0, "", err
		}
		info, err := file.Stat()
		if err != nil {
			return nil, 0, "", errors.Join(err, file.Close())
		}
		return file, info.Size(), "application/octet-stream", nil
	case r.body != nil:
		text, err := json.Marshal(r.body)
		return bytes.NewReader(text), 0, "application/json", err
	default:
		return nil, 0, "", nil
	}
}

// ask sends a request, and returns its answer.
func ask[T any](ctx context.Context, c *Client, r request) (value T, err error) {
	err = c.do(ctx, r, func(answer *http.Response) error {
		if answer.StatusCode == http.StatusNoContent {
			return nil
		}
		text, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer+1))
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", errCut, err)
		case len(text) > mostAnswer:
			return fmt.Errorf("the answer is larger than %d MiB", mostAnswer>>20)
		case len(text) == 0:
			return errors.New("it was done, but its answer is not given again: look what it did")
		}
		value = *new(T)
		if err := json.Unmarshal(text, &value); err != nil {
			return fmt.Errorf("the answer makes no sense; is the daemon of another version? %w", err)
		}
		return nil
	})
	return value, err
}

// get asks for something.
func get[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	return ask[T](ctx, c, request{method: http.MethodGet, path: path, query: query})
}

// post asks for something to be done.
func post[T any](ctx context.Context, c *Client, path string, body any) (T, error) {
	return ask[T](ctx, c, request{method: http.MethodPost, path: path, body: body})
}
