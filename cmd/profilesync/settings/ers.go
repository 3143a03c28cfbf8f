package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/profilesync/profilesync/connectors/ers"
)

// The kinds of authentication.
const (
	ersJWT  = "jwt"
	ersNone = "none"
)

// ersApplication is one of the credentials, as given in the setting.
type ersApplication struct {
	Name       string `json:"name"` // defaults to the client id
	ClientID   string `json:"client_id"`
	KeyID      string `json:"key_id"`
	PrivateKey string `json:"private_key"` // PEM
}

// AsksERS reports whether e-RS is configured.
func (s *Settings) AsksERS() bool { return s.ERSAuth == ersNone || s.ERSCredentials != "" }

// checkERS refuses settings that would otherwise only fail at the first pull.
func (s *Settings) checkERS() error {
	errs := []error{checkAddress("ERS_URL", s.ERSURL), checkAddress("ERS_TOKEN_URL", s.ERSTokenURL)}
	if s.ERSAuth != ersJWT && s.ERSAuth != ersNone {
		errs = append(errs, Wrong("ERS_AUTH", "=%s: want jwt or none", s.ERSAuth))
	}
	errs = append(errs, checkPositive("ERS_REQUESTS_PER_SECOND", s.ERSPerSecond))
	if _, err := s.ExtractColumns(); err != nil {
		errs = append(errs, Wrong("ERS_COLUMNS", ": %w", err))
	}
	if _, err := s.ersApplications(s.ERSCredentials.Reveal()); err != nil {
		errs = append(errs, Wrong("ERS_CREDENTIALS", " (or _FILE): %w", err))
	}
	return errors.Join(errs...)
}

// ExtractColumns returns the columns of the EBSX05 extract; the zero value is
// the known layout.
func (s *Settings) ExtractColumns() (columns ers.Columns, err error) {
	if s.ERSColumns == "" {
		return columns, nil
	}
	return ParseExtractColumns(strings.NewReader(s.ERSColumns))
}

// ParseExtractColumns reads a JSON object from facts to column headers.
func ParseExtractColumns(from io.Reader) (columns ers.Columns, err error) {
	decoder := json.NewDecoder(from)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&columns); err != nil {
		return columns, fmt.Errorf("want a JSON object of columns like {\"ID\": \"service_id\"}: %w", err)
	}
	return columns, nil
}

// ERSApplications returns the applications that we registered. Their credentials are
// read again (Rotating).
func (s *Settings) ERSApplications() ([]ers.Credential, error) {
	if s.ERSAuth == ersNone {
		return s.ersApplications("")
	}
	text, err := Rotating("ERS_CREDENTIALS")()
	if err != nil {
		return nil, Error{err}
	}
	credentials, err := s.ersApplications(text)
	if err != nil {
		return nil, Error{Wrong("ERS_CREDENTIALS", " (or _FILE): %w", err)}
	}
	return credentials, nil
}

// ersApplications reads consecutive JSON objects. An error never repeats the value.
func (s *Settings) ersApplications(text string) (credentials []ers.Credential, err error) {
	if s.ERSAuth == ersNone {
		return []ers.Credential{{Name: ersNone}}, nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	for n := 1; ; n++ {
		var a ersApplication
		err := decoder.Decode(&a)
		if errors.Is(err, io.EOF) {
			return credentials, nil
		}
		if err != nil {
			return nil, fmt.Errorf("application %d: want a JSON object with name, client_id, key_id and private_key", n)
		}
		if a.Name == "" {
			a.Name = a.ClientID
		}
		tokens, err := ers.Application{TokenURL: s.ERSTokenURL, ClientID: a.ClientID, KeyID: a.KeyID, PrivateKey: a.PrivateKey}.Tokens()
		if err != nil {
			return nil, fmt.Errorf("application %d (%s): %w", n, a.Name, err)
		}
		credentials = append(credentials, ers.Credential{Name: a.Name, Tokens: tokens})
	}
}

// ErrNoERS means that e-RS is not configured.
var ErrNoERS = Error{Wrong("ERS_CREDENTIALS", " (or _FILE) is missing: e-RS is not configured")}
