package links

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// shortest is the least length of a key or a token, in bytes.
	shortest = 32
	// most is how many are accepted at the same time: the new one and the old.
	most = 2
	// parameter is the part of a link that holds its signature.
	parameter = "signature"
)

// Guard signs links and checks requests.
type Guard struct {
	// Keys returns the keys that sign links, separated by white space: the first
	// one signs, and links of each are accepted.
	Keys func() (string, error)
	// Tokens returns the tokens that may read everything, separated by white
	// space.
	Tokens func() (string, error)
	Now    func() time.Time
}

// Split returns one or two keys or tokens. It refuses more, and those shorter than 32
// bytes; an error never repeats one.
func Split(text string) ([]string, error) {
	words := strings.Fields(text)
	if len(words) == 0 || len(words) > most {
		return nil, fmt.Errorf("want one or two, separated by a line end or a space; there are %d", len(words))
	}
	for i, word := range words {
		if len(word) < shortest {
			return nil, fmt.Errorf("the one in place %d is shorter than %d characters", i+1, shortest)
		}
	}
	return words, nil
}

// Sign returns an address with a signature of the page, which is accepted until the
// given instant.
func (g Guard) Sign(address, page string, until time.Time) (string, error) {
	keys, err := g.keys()
	if err != nil {
		return "", err
	}
	signature, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Subject: page, ExpiresAt: jwt.NewNumericDate(until),
	}).SignedString([]byte(keys[0]))
	if err != nil {
		return "", fmt.Errorf("signing a link: %w", err)
	}
	return address + "?" + url.Values{parameter: {signature}}.Encode(), nil
}

// Check returns nil if a request may read the page. Its errors say why not, for the
// log, and repeat no key, token or signature.
func (g Guard) Check(r *http.Request, page string) error {
	if signature := r.URL.Query().Get(parameter); signature != "" {
		return g.checkSignature(signature, page)
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return g.checkToken(token)
	}
	return errors.New("neither a signed link nor a token")
}

func (g Guard) checkSignature(signature, page string) error {
	if strings.ContainsAny(signature, "\r\n") { // which decoding would skip
		return errors.New("the link's signature is not ours")
	}
	keys, err := g.keys()
	if err != nil {
		return err
	}
	accepted := jwt.VerificationKeySet{}
	for _, key := range keys {
		accepted.Keys = append(accepted.Keys, []byte(key))
	}
	_, err = jwt.Parse(signature, func(*jwt.Token) (any, error) { return accepted, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithSubject(page), jwt.WithExpirationRequired(),
		jwt.WithStrictDecoding(), jwt.WithTimeFunc(g.Now))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jwt.ErrTokenExpired):
		return errors.New("the link has expired")
	case errors.Is(err, jwt.ErrTokenInvalidSubject):
		return errors.New("the link is to another page")
	default:
		return errors.New("the link's signature is not ours")
	}
}

func (g Guard) checkToken(token string) error {
	text, err := g.Tokens()
	if err != nil {
		return err
	}
	accepted, err := Split(text)
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	same, given := 0, sha256.Sum256([]byte(token)) // of one length, so that comparing takes the same time
	for _, one := range accepted {
		wanted := sha256.Sum256([]byte(one))
		same |= subtle.ConstantTimeCompare(given[:], wanted[:])
	}
	if same == 0 {
		return errors.New("the token is not one of ours")
	}
	return nil
}

func (g Guard) keys() ([]string, error) {
	text, err := g.Keys()
	if err != nil {
		return nil, err
	}
	keys, err := Split(text)
	if err != nil {
		return nil, fmt.Errorf("keys of links: %w", err)
	}
	return keys, nil
}
