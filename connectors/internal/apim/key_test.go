package apim_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/profilesync/profilesync/connectors/internal/apim"
	"github.com/profilesync/profilesync/connectors/internal/apim/apimtest"
)

// shortKey has nothing of a key but its length: the standard library no longer
// makes keys this short.
func shortKey(*testing.T) *rsa.PrivateKey {
	key := *apimtest.Key()
	key.N = new(big.Int).Lsh(big.NewInt(1), 1023)
	return &key
}

func block(kind string, content []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	whole := apimtest.PEM(apimtest.Key())
	for _, text := range [][]byte{
		whole, append([]byte("\n# the key\n"), whole...), append(whole, '\n', ' '),
		block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(apimtest.Key())),
	} {
		key, err := apim.ParseKey(text)
		require.NoError(t, err)
		require.True(t, apimtest.Key().Equal(key))
	}

	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(curve)
	require.NoError(t, err)
	public, err := x509.MarshalPKIXPublicKey(&apimtest.Key().PublicKey)
	require.NoError(t, err)
	refused := map[string][]byte{
		"no PEM block":    []byte("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"),
		"more than one":   append(whole, whole...),
		"not an RSA key":  block("PRIVATE KEY", der),
		`"PUBLIC KEY"`:    block("PUBLIC KEY", public),
		"encrypted":       block("ENCRYPTED PRIVATE KEY", der),
		"block is damage": block("PRIVATE KEY", der[:20]),
	}
	for want, text := range refused {
		_, err := apim.ParseKey(text)
		require.ErrorContains(t, err, want)
	}
	_, err = apim.ParseKey(block("RSA PRIVATE KEY", der))
	require.ErrorContains(t, err, "damaged")
}

func TestParseKeyRefusesShortOnes(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	_, err = apim.ParseKey(apimtest.PEM(key))
	require.ErrorContains(t, err, "1024 bits, want at least 2048")
}

func FuzzParseKey(f *testing.F) {
	f.Add(apimtest.PEM(apimtest.Key()))
	f.Add([]byte("-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES\n\nAA==\n-----END RSA PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := apim.ParseKey(text)
		require.True(t, err != nil || key.N.BitLen() >= 2048)
	})
}
