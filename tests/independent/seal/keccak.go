// Package seal is HPKE (RFC 9180, base mode, single shot) with the contract's two suites, and X-Wing under it.
// Go 1.19 has none of this; a newer Go brings crypto/mlkem, crypto/ecdh, crypto/sha3 and crypto/hkdf, and this package
// shrinks to hpke.go. Nothing here runs in constant time: it is an example, not for real keys.
package seal

import (
	"encoding/binary"
	"math/bits"
)

// keccak is the sponge of FIPS 202: rate in bytes, domain 0x06 (SHA-3) or 0x1f (SHAKE), n bytes out.
func keccak(rate int, domain byte, n int, parts ...[]byte) []byte {
	var in []byte
	for _, p := range parts {
		in = append(in, p...)
	}
	in = append(in, domain)
	for len(in)%rate != 0 {
		in = append(in, 0)
	}
	in[len(in)-1] |= 0x80
	var a [25]uint64
	for ; len(in) > 0; in = in[rate:] {
		for i := 0; i < rate/8; i++ {
			a[i] ^= binary.LittleEndian.Uint64(in[8*i:])
		}
		permute(&a)
	}
	var out []byte
	for {
		for i := 0; i < rate/8; i++ {
			out = binary.LittleEndian.AppendUint64(out, a[i])
		}
		if len(out) >= n {
			return out[:n]
		}
		permute(&a)
	}
}

func permute(a *[25]uint64) {
	lfsr := byte(1)
	for round := 0; round < 24; round++ {
		var c [5]uint64
		for x := range c {
			c[x] = a[x] ^ a[x+5] ^ a[x+10] ^ a[x+15] ^ a[x+20]
		}
		for i := range a {
			a[i] ^= c[(i+4)%5] ^ bits.RotateLeft64(c[(i+1)%5], 1)
		}
		x, y, last := 1, 0, a[1] // rho and pi
		for t := 1; t <= 24; t++ {
			x, y = y, (2*x+3*y)%5
			last, a[x+5*y] = a[x+5*y], bits.RotateLeft64(last, t*(t+1)/2%64)
		}
		for y := 0; y < 25; y += 5 { // chi
			row := [5]uint64{a[y], a[y+1], a[y+2], a[y+3], a[y+4]}
			for x := range row {
				a[y+x] = row[x] ^ ^row[(x+1)%5]&row[(x+2)%5]
			}
		}
		for j := 0; j < 7; j++ { // iota
			if lfsr&1 == 1 {
				a[0] ^= 1 << (1<<j - 1)
			}
			carry := lfsr >> 7
			lfsr = lfsr<<1 ^ carry*0x71
		}
	}
}

func sha3x256(p ...[]byte) []byte        { return keccak(136, 6, 32, p...) }
func sha3x512(p ...[]byte) []byte        { return keccak(72, 6, 64, p...) }
func shake128(n int, p ...[]byte) []byte { return keccak(168, 0x1f, n, p...) }
func shake256(n int, p ...[]byte) []byte { return keccak(136, 0x1f, n, p...) }
