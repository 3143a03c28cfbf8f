package apimtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"sync"
)

var generated = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("2048 bits are always a key: " + err.Error())
	}
	return key
})

// Key returns the key pair of this process, made at the first call.
func Key() *rsa.PrivateKey { return generated() }

// PEM writes a private key as PKCS #8, as operators configure it.
func PEM(key *rsa.PrivateKey) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic("an RSA key always marshals: " + err.Error())
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
