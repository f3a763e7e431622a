package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/big"
)

// The suites of the contract (§5).
const (
	XWing  = "xwing-hkdfsha256-aes256gcm"
	X25519 = "x25519-hkdfsha256-aes256gcm"
)

type kem struct {
	id          uint16
	public, enc int
}

var kems = map[string]kem{XWing: {0x647a, 1216, 1120}, X25519: {0x0020, 32, 32}}

// PublicSize is the length of a suite's public bytes, 0 for an unknown suite.
func PublicSize(suite string) int { return kems[suite].public }

// SealedSize is the length of enc || ct for a plaintext of n bytes.
func SealedSize(suite string, n int) int { return kems[suite].enc + n + 16 }

var prime = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))

func x25519(scalar, point []byte) []byte { // RFC 7748
	k := append([]byte(nil), scalar...)
	k[0] &= 248
	k[31] = k[31]&127 | 64
	u := append([]byte(nil), point...)
	u[31] &= 127
	number := func(le []byte) *big.Int {
		be := make([]byte, 32)
		for i, b := range le {
			be[31-i] = b
		}
		return new(big.Int).SetBytes(be)
	}
	mul := func(a, b *big.Int) *big.Int { r := new(big.Int).Mul(a, b); return r.Mod(r, prime) }
	plus := func(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }
	minus := func(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) }
	x1 := number(u)
	x2, z2, x3, z3 := big.NewInt(1), big.NewInt(0), x1, big.NewInt(1)
	for t := 254; t >= 0; t-- {
		bit := k[t/8]>>(t%8)&1 == 1
		if bit {
			x2, x3, z2, z3 = x3, x2, z3, z2
		}
		a, b, c, d := plus(x2, z2), minus(x2, z2), plus(x3, z3), minus(x3, z3)
		aa, bb, da, cb := mul(a, a), mul(b, b), mul(d, a), mul(c, b)
		e := minus(aa, bb)
		x3 = mul(plus(da, cb), plus(da, cb))
		z3 = mul(x1, mul(minus(da, cb), minus(da, cb)))
		x2 = mul(aa, bb)
		z2 = mul(e, plus(aa, mul(big.NewInt(121665), e)))
		if bit {
			x2, x3, z2, z3 = x3, x2, z3, z2
		}
	}
	x := mul(x2, new(big.Int).Exp(z2, minus(prime, big.NewInt(2)), prime))
	out := x.FillBytes(make([]byte, 32))
	for i := 0; i < 16; i++ {
		out[i], out[31-i] = out[31-i], out[i]
	}
	return out
}

var nine = append([]byte{9}, make([]byte, 31)...)

func combine(ssM, ssX, ctX, pkX []byte) []byte { // X-Wing's combiner
	return sha3x256(ssM, ssX, ctX, pkX, []byte(`\.//^\`))
}

// Private is a private key: 32 bytes, for X-Wing the seed, for X25519 the scalar.
type Private struct {
	Suite  string
	Public []byte
	x      []byte
	ml     *mlkemKey
}

// NewPrivate expands a private key.
func NewPrivate(suite string, secret []byte) (*Private, error) {
	if len(secret) != 32 || PublicSize(suite) == 0 {
		return nil, errors.New("a private key has 32 bytes and a known suite")
	}
	if suite == X25519 {
		return &Private{Suite: suite, Public: x25519(secret, nine), x: secret}, nil
	}
	long := shake256(96, secret)
	ml := newMLKEM(long[:64])
	return &Private{suite, append(append([]byte(nil), ml.ek...), x25519(long[64:], nine)...), long[64:], ml}, nil
}

// shared is the KEM's secret, for a sender (ephemeral scalar, enc made) and a receiver alike.
func dhSecret(dh, enc, public []byte) ([]byte, error) {
	if bytes.Equal(dh, make([]byte, 32)) {
		return nil, errors.New("X25519 gave zero")
	}
	id := []byte("KEM\x00\x20")
	prk := labeledExtract(id, nil, "eae_prk", dh)
	return labeledExpand(id, prk, "shared_secret", append(append([]byte(nil), enc...), public...), 32), nil
}

// Seal encrypts to public bytes; the answer is enc || ct.
func Seal(suite string, public, info, plain []byte) ([]byte, error) {
	random := make([]byte, 64)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	return sealWith(suite, public, info, plain, random)
}

// sealWith takes the randomness of the sender: ML-KEM's 32 bytes (X-Wing only), then the X25519 scalar.
func sealWith(suite string, public, info, plain, random []byte) ([]byte, error) {
	if PublicSize(suite) == 0 || len(public) != PublicSize(suite) {
		return nil, errors.New("a key of another length")
	}
	pkX := public[len(public)-32:]
	scalar := random[len(random)-32:]
	ctX, dh := x25519(scalar, nine), x25519(scalar, pkX)
	var secret, enc []byte
	var err error
	if suite == X25519 {
		enc = ctX
		secret, err = dhSecret(dh, enc, public)
	} else {
		var ssM []byte
		if ssM, enc, err = mlkemEncapsulate(public[:ekSize], random[:32]); err == nil {
			enc = append(enc, ctX...)
			secret = combine(ssM, dh, ctX, pkX)
		}
	}
	if err != nil {
		return nil, err
	}
	aead, nonce := schedule(suite, secret, info)
	return aead.Seal(enc, nonce, plain, nil), nil
}

// Open decrypts enc || ct.
func (p *Private) Open(info, sealed []byte) ([]byte, error) {
	n := kems[p.Suite].enc
	if len(sealed) < n+16 {
		return nil, errors.New("too short to be sealed")
	}
	enc := sealed[:n]
	dh := x25519(p.x, enc[n-32:])
	var secret []byte
	if p.Suite == X25519 {
		var err error
		if secret, err = dhSecret(dh, enc, p.Public); err != nil {
			return nil, err
		}
	} else {
		secret = combine(p.ml.decapsulate(enc[:mlkemCtLen]), dh, enc[mlkemCtLen:], p.Public[ekSize:])
	}
	aead, nonce := schedule(p.Suite, secret, info)
	return aead.Open(nil, nonce, sealed[n:], nil)
}

func schedule(suite string, secret, info []byte) (cipher.AEAD, []byte) {
	id := binary.BigEndian.AppendUint16([]byte("HPKE"), kems[suite].id)
	id = append(id, 0, 1, 0, 2)
	context := []byte{0}
	context = append(context, labeledExtract(id, nil, "psk_id_hash", nil)...)
	context = append(context, labeledExtract(id, nil, "info_hash", info)...)
	prk := labeledExtract(id, secret, "secret", nil)
	block, err := aes.NewCipher(labeledExpand(id, prk, "key", context, 32))
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead, labeledExpand(id, prk, "base_nonce", context, 12)
}

func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

func labeledExtract(id, salt []byte, label string, ikm []byte) []byte {
	return mac(salt, []byte("HPKE-v1"), id, []byte(label), ikm)
}

func labeledExpand(id, prk []byte, label string, info []byte, n int) []byte { // n <= 32: one block
	return mac(prk, []byte{0, byte(n)}, []byte("HPKE-v1"), id, []byte(label), info, []byte{1})[:n]
}

// Pad is ISO/IEC 7816-4 padding up to the smallest bucket that holds it (§5).
func Pad(text string) ([]byte, error) {
	for _, bucket := range []int{1024, 2048, 4096, 8192} {
		if len(text) < bucket {
			padded := make([]byte, bucket)
			copy(padded, text)
			padded[len(text)] = 0x80
			return padded, nil
		}
	}
	return nil, errors.New("too long for any bucket")
}

// Unpad undoes Pad and refuses any other padding, a larger bucket than was needed included.
func Unpad(padded []byte) (string, error) {
	text := bytes.TrimRight(padded, "\x00")
	if len(text) == 0 || text[len(text)-1] != 0x80 {
		return "", errors.New("padding")
	}
	text = text[:len(text)-1]
	if again, err := Pad(string(text)); err != nil || len(again) != len(padded) {
		return "", errors.New("not the smallest bucket")
	}
	return string(text), nil
}
