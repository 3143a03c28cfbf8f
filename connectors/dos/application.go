package dos

import (
	"github.com/profilesync/profilesync/connectors/internal/apim"
)

// Application is our application registered at the API platform
// (connectors/internal/apim/CONTRACT.md "Registering").
type Application struct {
	TokenURL   string
	ClientID   string // the platform's "API key"
	KeyID      string // of the public key registered there
	PrivateKey string // PEM
}

// Tokens returns the application's tokens; an invalid key is an error at once.
func (a Application) Tokens() (Tokens, error) {
	key, err := apim.ParseKey([]byte(a.PrivateKey))
	if err != nil {
		return nil, err
	}
	return apim.New(apim.Options{TokenURL: a.TokenURL, ClientID: a.ClientID, KeyID: a.KeyID, Key: key})
}
