package wire

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"math/big"
	"strings"
)

// PublicKey reads a JWK and gives the key with its computed kid (RFC 7638).
func PublicKey(jwk Object) (*ecdsa.PublicKey, string, error) {
	x, errX := UnB64(jwk["x"].(string))
	y, errY := UnB64(jwk["y"].(string))
	if errX != nil || errY != nil || len(x) != 32 || len(y) != 32 {
		return nil, "", errors.New("coordinates")
	}
	key := &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(x), Y: new(big.Int).SetBytes(y)}
	if !key.Curve.IsOnCurve(key.X, key.Y) {
		return nil, "", errors.New("not on the curve")
	}
	return key, Kid(key), nil
}

// JWK is a public key as a record.
func JWK(key *ecdsa.PublicKey) Object {
	coordinate := func(n *big.Int) string { return B64(n.FillBytes(make([]byte, 32))) }
	return Object{"crv": "P-256", "kty": "EC", "x": coordinate(key.X), "y": coordinate(key.Y)}
}

// Kid is a signing key's id: the thumbprint's members are in the order of canonical JSON.
func Kid(key *ecdsa.PublicKey) string { return KidOf(Canonical(JWK(key))) }

// KidOf is the id of public bytes.
func KidOf(public []byte) string { sum := sha256.Sum256(public); return B64(sum[:]) }

func header(kid, typ string) string {
	return B64(Canonical(Object{"alg": "ES256", "kid": kid, "typ": "comptoir-" + typ + "+jws"}))
}

// SignRaw is ES256: r || s.
func SignRaw(key *ecdsa.PrivateKey, data []byte) ([]byte, error) {
	sum := sha256.Sum256(data)
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		return nil, err
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...), nil
}

// VerifyRaw is its other half.
func VerifyRaw(key *ecdsa.PublicKey, data, signature []byte) bool {
	sum := sha256.Sum256(data)
	return len(signature) == 64 &&
		ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
}

// Sign makes a JWS; typ is the middle of the type ("receipt").
func Sign(key *ecdsa.PrivateKey, typ string, record Object) (string, error) {
	text := header(Kid(&key.PublicKey), typ) + "." + B64(Canonical(record))
	signature, err := SignRaw(key, []byte(text))
	return text + "." + B64(signature), err
}

// Verify gives the payload of a JWS of this type by this key.
func Verify(key *ecdsa.PublicKey, typ, jws string) ([]byte, error) {
	parts := strings.Split(jws, ".")
	if len(parts) != 3 || parts[0] != header(Kid(key), typ) {
		return nil, errors.New("another header")
	}
	signature, err := UnB64(parts[2])
	if err != nil || !VerifyRaw(key, []byte(parts[0]+"."+parts[1]), signature) {
		return nil, errors.New("another signature")
	}
	return UnB64(parts[1])
}
