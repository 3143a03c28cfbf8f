package identity

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"

	"github.com/golang-jwt/jwt/v5"
)

// keyID names the one key.
const keyID = "1"

func (p *Provider) configuration(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer":                                p.issuer,
		"authorization_endpoint":                p.issuer + "/authorize",
		"token_endpoint":                        p.issuer + "/token",
		"jwks_uri":                              p.issuer + "/keys",
		"end_session_endpoint":                  p.issuer + "/sign-out",
		"response_types_supported":              []string{"code"},
		"grant_types_supported":                 []string{"authorization_code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported":                      []string{"openid"},
		"claims_supported":                      []string{"sub", "groups"},
		"code_challenge_methods_supported":      []string{"S256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
	})
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": keyID,
		"n": base64.RawURLEncoding.EncodeToString(p.key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(p.key.E)).Bytes()),
	}}})
}

// giveToken exchanges a code. A second use of one is refused like an unknown one.
func (p *Provider) giveToken(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		problem(w, http.StatusBadRequest, "invalid_request")
		return
	}
	if !p.isClient(r) {
		problem(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	if r.PostForm.Get("grant_type") != "authorization_code" {
		problem(w, http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	g, ok := p.use(r.PostForm.Get("code"))
	proof := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	if !ok || g.redirect != r.PostForm.Get("redirect_uri") || g.challenge != base64.RawURLEncoding.EncodeToString(proof[:]) {
		problem(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	token, err := p.sign(g)
	if err != nil {
		problem(w, http.StatusInternalServerError, "server_error")
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"access_token": "of-no-use", "token_type": "Bearer", "expires_in": int(tokenLasts.Seconds()), "id_token": token,
	})
}

func (p *Provider) sign(g grant) (string, error) {
	now := p.now()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": p.issuer, "sub": g.person.Subject, "aud": p.client.ID, "nonce": g.nonce, "groups": g.person.Groups,
		"iat": now.Unix(), "auth_time": g.at.Unix(), "exp": now.Add(tokenLasts).Unix(),
	})
	token.Header["kid"] = keyID
	return token.SignedString(p.key)
}

// isClient wants the client's secret, in the header or in the body (RFC 6749, "Client Password").
func (p *Provider) isClient(r *http.Request) bool {
	id, secret, ok := r.BasicAuth()
	if !ok {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	return id == p.client.ID && subtle.ConstantTimeCompare([]byte(secret), []byte(p.client.Secret)) == 1
}

func problem(w http.ResponseWriter, status int, code string) {
	answer(w, status, map[string]string{"error": code})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		return // the client has gone
	}
}
