package apimtest

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// refusal is an answer other than 200 (CONTRACT.md "Errors").
type refusal struct {
	status      int
	code        string
	description string
}

const (
	maxForm   = 64 << 10
	tolerance = 310 * time.Second // how far ahead exp may be
)

func invalid(description string) *refusal {
	return &refusal{http.StatusBadRequest, "invalid_request", description}
}

func unauthorised(description string) *refusal {
	return &refusal{http.StatusUnauthorized, "invalid_request", description}
}

// check applies the rules in the platform's order.
func (e *Endpoint) check(w http.ResponseWriter, r *http.Request) *refusal {
	if r.Method != http.MethodPost {
		return &refusal{http.StatusMethodNotAllowed, "invalid_request", "Method not allowed"}
	}
	if r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		return &refusal{http.StatusUnsupportedMediaType, "invalid_request", "Content-Type header must be application/x-www-form-urlencoded"}
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return invalid("grant_type is missing")
	}
	switch r.PostForm.Get("grant_type") {
	case "client_credentials":
	case "":
		return invalid("grant_type is missing")
	default:
		return &refusal{http.StatusBadRequest, "unsupported_grant_type", "grant_type is invalid"}
	}
	const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	if r.PostForm.Get("client_assertion_type") != assertionType {
		return invalid("Missing or invalid client_assertion_type - must be '" + assertionType + "'")
	}
	if r.PostForm.Get("client_assertion") == "" {
		return invalid("Missing client_assertion")
	}
	return e.checkAssertion(r.PostForm.Get("client_assertion"), e.audience(r))
}

func (e *Endpoint) checkAssertion(assertion, audience string) *refusal {
	claims := jwt.MapClaims{}
	parser := jwt.NewParser(jwt.WithJSONNumber())
	token, parts, err := parser.ParseUnverified(assertion, claims)
	if err != nil {
		return invalid("Malformed JWT in client_assertion")
	}
	if refusal := checkHeader(token.Header); refusal != nil {
		return refusal
	}
	if refusal := e.checkClaims(claims, audience); refusal != nil {
		return refusal
	}
	kid, _ := token.Header["kid"].(string)
	key := e.keys[kid]
	if key == nil {
		return unauthorised("Invalid 'kid' header in client_assertion JWT - no matching public key")
	}
	signature, err := parser.DecodeSegment(parts[2])
	if err != nil || jwt.SigningMethodRS512.Verify(strings.Join(parts[:2], "."), signature, key) != nil {
		return &refusal{http.StatusUnauthorized, "public_key error", "JWT signature verification failed"}
	}
	return nil
}

func checkHeader(header map[string]any) *refusal {
	typ, _ := header["typ"].(string)
	kid, _ := header["kid"].(string)
	switch {
	case header["alg"] != "RS512":
		return invalid("Invalid 'alg' header in client_assertion JWT - unsupported JWT algorithm - must be 'RS512'")
	case kid == "":
		return invalid("Missing 'kid' header in client_assertion JWT")
	case !strings.EqualFold(typ, "JWT"):
		return invalid("Invalid 'typ' header in client_assertion JWT - must be 'JWT'")
	}
	return nil
}

func (e *Endpoint) checkClaims(claims jwt.MapClaims, audience string) *refusal {
	issuer, _ := claims["iss"].(string)
	jti, isText := claims["jti"].(string)
	switch {
	case issuer == "" || claims["sub"] != claims["iss"]:
		return invalid("Missing or non-matching 'iss'/'sub' claims in client_assertion JWT")
	case issuer != e.clientID:
		return unauthorised("Invalid 'iss'/'sub' claims in client_assertion JWT")
	case claims["jti"] == nil:
		return invalid("Missing 'jti' claim in client_assertion JWT")
	case !isText:
		return invalid("Invalid 'jti' claim in client_assertion JWT - must be a unique string value such as a GUID")
	case e.jtis[jti]:
		return invalid("Non-unique 'jti' claim in client_assertion JWT")
	case claims["aud"] != audience:
		return unauthorised("Missing or invalid 'aud' claim in client_assertion JWT")
	}
	if refusal := e.checkEnd(claims["exp"]); refusal != nil {
		return refusal
	}
	e.jtis[jti] = true // before key and signature: a refused attempt uses it up (CONTRACT.md "Tokens")
	return nil
}

func (e *Endpoint) checkEnd(exp any) *refusal {
	if exp == nil {
		return invalid("Missing 'exp' claim in client_assertion JWT")
	}
	number, ok := exp.(json.Number)
	seconds, err := number.Int64()
	if !ok || err != nil {
		return invalid("Invalid 'exp' claim in client_assertion JWT - must be an integer")
	}
	switch ahead := time.Unix(seconds, 0).Sub(e.now()); {
	case ahead <= 0:
		return invalid("Invalid 'exp' claim in client_assertion JWT - JWT has expired")
	case ahead > tolerance:
		return invalid("Invalid 'exp' claim in client_assertion JWT - more than 5 minutes in future")
	}
	return nil
}
