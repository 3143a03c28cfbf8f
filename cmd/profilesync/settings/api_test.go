package settings

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/cmd/profilesync/guard"
)

// certified returns a certificate of a number and its key, as PEM.
func certified(t *testing.T, number int64) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(number), DNSNames: []string{"console.example"}, NotAfter: time.Now().Add(time.Hour),
	}
	public, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	block := func(kind string, bytes []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}))
	}
	return block("CERTIFICATE", public), block("PRIVATE KEY", secret)
}

func TestTheAPIOfOtherMachinesNeedsTLS(t *testing.T) {
	t.Parallel()
	cert, key := certified(t, 1)
	_, otherKey := certified(t, 2)
	whole := "API_TLS_CERT=" + cert + "|API_TLS_KEY=" + key
	for given, want := range map[string]string{
		"": "", "API_ADDRESS=off": "", "API_ADDRESS=localhost:1": "", "API_ADDRESS=[::1]:1": "",
		"API_ADDRESS=0.0.0.0:1":          "setting PROFILESYNC_API_TLS_CERT (or _FILE) is missing: other machines can reach",
		"API_ADDRESS=:1":                 "setting PROFILESYNC_API_TLS_CERT (or _FILE) is missing",
		"API_ADDRESS=console.example:1":  "setting PROFILESYNC_API_TLS_CERT (or _FILE) is missing",
		"API_ADDRESS=0.0.0.0:1|" + whole: "setting PROFILESYNC_API_PUBLIC_URL is missing",
		"API_ADDRESS=0.0.0.0:1|API_PUBLIC_URL=https://console.example|" + whole: "",
		"API_TLS_CERT=" + cert:                                                        "setting PROFILESYNC_API_TLS_KEY (or _FILE) is missing",
		"API_TLS_KEY=" + key:                                                          "setting PROFILESYNC_API_TLS_CERT (or _FILE) is missing",
		"API_TLS_CERT=" + cert + "|API_TLS_KEY=" + otherKey:                           "private key does not match public key",
		"API_PUBLIC_URL=http://console.example":                                       "want https",
		"API_PUBLIC_URL=https://console.example/path":                                 "with nothing after it",
		"API_PUBLIC_URL=https://ann:x@console.example":                                "with nothing after it",
		"API_PUBLIC_URL=http://localhost:8384/":                                       "",
		"API_SESSION_IDLE=2h|API_SESSION_LIFETIME=1h":                                 "setting PROFILESYNC_API_SESSION_LIFETIME",
		"API_SESSION_LIFETIME=13h":                                                    "want at most 12h",
		"OIDC_ISSUER=http://localhost:1/oidc":                                         "setting PROFILESYNC_OIDC_CLIENT_ID is missing",
		"OIDC_ISSUER=https://identity.example|OIDC_CLIENT_ID=x|OIDC_VERBS=leads=read": "",
		"OIDC_ISSUER=https://identity.example|OIDC_CLIENT_ID=x":                       "setting PROFILESYNC_OIDC_VERBS is missing",
		"OIDC_ACTOR_CLAIM=preferred_username":                                         "names nobody",
	} {
		var environment []string
		for entry := range strings.SplitSeq(given, "|") {
			environment = append(environment, prefix+entry)
		}
		if given == "" {
			environment = nil
		}
		_, err := load(t.Context(), environment)
		if want == "" {
			require.NoError(t, err, given)
			continue
		}
		require.ErrorContains(t, err, want, given)
		require.NotContains(t, err.Error(), "PRIVATE KEY")
	}
}

func TestThePublicURL(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]Settings{
		"http://127.0.0.1:8384":   {APIAddress: "127.0.0.1:8384"},
		"https://127.0.0.1:8384":  {APIAddress: "127.0.0.1:8384", APITLSCert: "x"},
		"https://console.example": {APIAddress: "127.0.0.1:8384", APIPublicURL: "https://console.example/"},
	} {
		require.Equal(t, want, s.PublicURL())
	}
}

func TestGroupsHaveVerbs(t *testing.T) {
	t.Parallel()
	s := Settings{OIDCVerbs: "cn=admins,ou=x=read,administer; leads = approve ;"}
	groups, err := s.GroupVerbs()
	require.NoError(t, err)
	require.Equal(t, map[string][]guard.Verb{"cn=admins,ou=x": {guard.Read, guard.Administer}, "leads": {guard.Approve}}, groups)
	for bad, want := range map[string]string{
		"leads": "want groups with their verbs", "=read": "want groups with their verbs",
		"leads=": "is no verb", "leads=write": `"write" is no verb`,
		"leads=read;leads=approve": "group leads stands twice",
	} {
		s.OIDCVerbs = bad
		_, err := s.GroupVerbs()
		require.ErrorContains(t, err, want, bad)
	}
}

// Files are replaced one after the other: between them they do not belong together.
func TestACertificateIsReadAgain(t *testing.T) {
	cert, key := filepath.Join(t.TempDir(), "cert"), filepath.Join(t.TempDir(), "key")
	oldCert, oldKey := certified(t, 1)
	newCert, newKey := certified(t, 2)
	t.Setenv("PROFILESYNC_API_TLS_CERT_FILE", keep(t, cert, oldCert))
	t.Setenv("PROFILESYNC_API_TLS_KEY_FILE", keep(t, key, oldKey))
	s, err := Load(t.Context())
	require.NoError(t, err)
	now := time.Now()
	var failures []error
	config, err := s.ServerTLS(func() time.Time { return now }, func(err error) { failures = append(failures, err) })
	require.NoError(t, err)
	require.EqualValues(t, tls.VersionTLS12, config.MinVersion)
	served := func() int64 {
		now = now.Add(10 * time.Second)
		found, err := config.GetCertificate(nil)
		require.NoError(t, err)
		return found.Leaf.SerialNumber.Int64()
	}
	require.EqualValues(t, 1, served())
	keep(t, cert, newCert)
	require.EqualValues(t, 1, served())
	require.Len(t, failures, 1)
	require.NotContains(t, failures[0].Error(), "PRIVATE KEY")
	keep(t, key, newKey)
	require.EqualValues(t, 2, served())
	require.Len(t, failures, 1)

	s.APITLSCert = ""
	config, err = s.ServerTLS(nil, nil)
	require.NoError(t, err)
	require.Nil(t, config)
}
