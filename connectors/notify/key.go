package notify

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// ErrKey says that a text is not an API key. It never holds the text.
var ErrKey = errors.New("not a key of GOV.UK Notify: want {name}-{service id}-{secret}, the last two UUIDs")

const (
	uuidLength = 36
	keyLength  = uuidLength + 1 + uuidLength // without the name
)

var uuidShape = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func isUUID(s string) bool { return uuidShape.MatchString(s) }

// apiKey is a parsed key. The secret is used as text, not as the bytes that its
// digits encode (CONTRACT.md "Tokens").
type apiKey struct{ service, secret string }

// parseKey parses from the right, because names of keys may contain hyphens.
func parseKey(text string) (apiKey, error) {
	text = strings.TrimSpace(text) // files end with a newline
	name := len(text) - keyLength
	if name < 0 || name > 0 && text[name-1] != '-' || text[name+uuidLength] != '-' {
		return apiKey{}, ErrKey
	}
	key := apiKey{service: text[name : name+uuidLength], secret: text[name+uuidLength+1:]}
	if !isUUID(key.service) || !isUUID(key.secret) {
		return apiKey{}, ErrKey
	}
	return key, nil
}

// tokenHeader has its keys in the order of the official clients, so that the
// published example is matched in every byte.
const tokenHeader = `{"typ":"JWT","alg":"HS256"}` //nolint:gosec // not a secret: every token begins like this

// token returns the bearer token of one request, valid for 30 seconds either side of
// Notify's clock.
func (k apiKey) token(now time.Time) (string, error) {
	claims, err := json.Marshal(struct {
		IssuedAt int64  `json:"iat"`
		Issuer   string `json:"iss"`
	}{now.Unix(), k.service})
	if err != nil {
		return "", fmt.Errorf("writing the claims of a token: %w", err)
	}
	encoding := base64.RawURLEncoding
	text := encoding.EncodeToString([]byte(tokenHeader)) + "." + encoding.EncodeToString(claims)
	signature, err := jwt.SigningMethodHS256.Sign(text, []byte(k.secret))
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	return text + "." + encoding.EncodeToString(signature), nil
}
