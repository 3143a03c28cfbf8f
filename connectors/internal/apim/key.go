package apim

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// smallestKey is in bits: shorter RSA keys are no longer safe to sign with.
const smallestKey = 2048

// ParseKey reads an RSA private key of at least 2048 bits from PEM, PKCS #1 or
// PKCS #8, unencrypted. Its errors say what was found instead, never its bytes.
func ParseKey(text []byte) (*rsa.PrivateKey, error) {
	block, rest := pem.Decode(text)
	if block == nil {
		return nil, errors.New("private key: no PEM block found, want one that starts with -----BEGIN PRIVATE KEY-----")
	}
	if len(strings.TrimSpace(string(rest))) > 0 {
		return nil, errors.New("private key: more than one PEM block, want the key alone")
	}
	key, err := decodeKey(block)
	if err != nil {
		return nil, err
	}
	return key, checkKey(key)
}

func decodeKey(block *pem.Block) (*rsa.PrivateKey, error) {
	if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
		return nil, errors.New("private key: it is encrypted, want it without a passphrase")
	}
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("private key: the PEM block is damaged")
		}
		return key, nil
	case "PRIVATE KEY":
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("private key: the PEM block is damaged")
		}
		key, ok := parsed.(*rsa.PrivateKey)
		if !ok {
			return nil, errors.New("private key: not an RSA key, and the platform accepts RS512 only")
		}
		return key, nil
	}
	return nil, fmt.Errorf("private key: the PEM block is a %.40q, want PRIVATE KEY or RSA PRIVATE KEY", block.Type)
}

func checkKey(key *rsa.PrivateKey) error {
	if bits := key.N.BitLen(); bits < smallestKey {
		return fmt.Errorf("private key: %d bits, want at least %d", bits, smallestKey)
	}
	return nil
}
