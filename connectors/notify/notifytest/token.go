package notifytest

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/profilesync/profilesync/connectors/internal/simulate"
)

var uuidShape = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// tolerance is how much a token's time may differ from the server's
// (CONTRACT.md "Tokens").
const tolerance = 30 * time.Second

type key struct{ service, secret string }

func mustKey(text string) key {
	if len(text) < 73 || !uuidShape.MatchString(text[len(text)-36:]) || !uuidShape.MatchString(text[len(text)-73:len(text)-37]) {
		panic("notifytest: the API key has no service id and secret")
	}
	return key{service: text[len(text)-73 : len(text)-37], secret: text[len(text)-36:]}
}

// authorized answers 401 or 403 if the token is refused (CONTRACT.md "Errors").
func (s *Server) authorized(r *http.Request) (simulate.Answer, bool) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return refused(http.StatusUnauthorized, "AuthError", "Unauthorized: authentication token must be provided"), false
	}
	text, bearer := strings.CutPrefix(header, "Bearer ")
	if !bearer {
		return refused(http.StatusUnauthorized, "AuthError", "Unauthorized: authentication bearer scheme must be used"), false
	}
	if why := s.whyRefused(text); why != "" {
		return refused(http.StatusForbidden, "AuthError", why), false
	}
	return simulate.Answer{}, true
}

// whyRefused says why a token is refused; empty if it is not.
func (s *Server) whyRefused(text string) string {
	var claims jwt.RegisteredClaims
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithoutClaimsValidation())
	_, err := parser.ParseWithClaims(text, &claims, func(t *jwt.Token) (any, error) {
		if t.Method.Alg() != "HS256" {
			return nil, errors.New("another algorithm")
		}
		return []byte(s.key.secret), nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return "Invalid token: signature, api token is not valid"
	case errors.Is(err, jwt.ErrTokenSignatureInvalid) && strings.Contains(err.Error(), "signing method"):
		return "Invalid token: algorithm used is not HS256"
	case claims.Issuer == "":
		return "Invalid token: iss field not provided"
	case claims.Issuer != s.key.service:
		return "Invalid token: service not found"
	case err != nil:
		return "Invalid token: API key not found"
	case s.revoked:
		return "Invalid token: API key revoked"
	case claims.IssuedAt == nil || s.Now().Sub(claims.IssuedAt.Time).Abs() > tolerance:
		return "Error: Your system clock must be accurate to within 30 seconds"
	}
	return ""
}
