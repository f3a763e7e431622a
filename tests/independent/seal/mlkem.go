package seal

import (
	"bytes"
	"errors"
	"math/bits"
)

// ML-KEM-768 (FIPS 203), written from the standard's algorithms.
const (
	q          = 3329
	ekSize     = 1184
	mlkemCtLen = 1088
)

type poly [256]int

var zetas [128]int

func init() {
	for i := range zetas {
		zetas[i] = 1
		for n := int(bits.Reverse8(uint8(i)) >> 1); n > 0; n-- {
			zetas[i] = zetas[i] * 17 % q
		}
	}
}

func ntt(f poly) poly {
	k := 1
	for n := 128; n >= 2; n /= 2 {
		for start := 0; start < 256; start += 2 * n {
			for j := start; j < start+n; j++ {
				t := zetas[k] * f[j+n] % q
				f[j], f[j+n] = (f[j]+t)%q, (f[j]-t+q)%q
			}
			k++
		}
	}
	return f
}

func inverseNTT(f poly) poly {
	k := 127
	for n := 2; n <= 128; n *= 2 {
		for start := 0; start < 256; start += 2 * n {
			for j := start; j < start+n; j++ {
				t := f[j]
				f[j], f[j+n] = (t+f[j+n])%q, zetas[k]*(f[j+n]-t+q)%q
			}
			k--
		}
	}
	for i := range f {
		f[i] = f[i] * 3303 % q
	}
	return f
}

func add(f, g poly) poly {
	for i := range f {
		f[i] = (f[i] + g[i]) % q
	}
	return f
}

func sub(f, g poly) poly {
	for i := range f {
		f[i] = (f[i] - g[i] + q) % q
	}
	return f
}

func dot(f, g [3]poly) (h poly) { // in the NTT domain
	for k := range f {
		for i := 0; i < 128; i++ {
			a, b, c, d := f[k][2*i], f[k][2*i+1], g[k][2*i], g[k][2*i+1]
			z := zetas[64+i/2]
			if i%2 == 1 {
				z = q - z
			}
			h[2*i] = (h[2*i] + a*c + b*d%q*z) % q
			h[2*i+1] = (h[2*i+1] + a*d + b*c) % q
		}
	}
	return
}

func uniform(rho []byte, i, j byte) (f poly) { // SampleNTT
	stream := shake128(168*8, rho, []byte{j, i})
	for n, at := 0, 0; n < 256; at += 3 {
		d1 := int(stream[at]) | int(stream[at+1]&15)<<8
		d2 := int(stream[at+1]>>4) | int(stream[at+2])<<4
		if d1 < q {
			f[n] = d1
			n++
		}
		if d2 < q && n < 256 {
			f[n] = d2
			n++
		}
	}
	return
}

func noise(seed []byte, n byte) (f poly) { // SamplePolyCBD, eta 2
	for i, b := range shake256(128, seed, []byte{n}) {
		f[2*i] = (int(b&1) + int(b>>1&1) - int(b>>2&1) - int(b>>3&1) + q) % q
		f[2*i+1] = (int(b>>4&1) + int(b>>5&1) - int(b>>6&1) - int(b>>7) + q) % q
	}
	return
}

func pack(f poly, d int) []byte {
	out := make([]byte, 32*d)
	for i, c := range f {
		for b := 0; b < d; b++ {
			at := i*d + b
			out[at/8] |= byte(c>>b&1) << (at % 8)
		}
	}
	return out
}

func unpack(in []byte, d int) (f poly) {
	for i := range f {
		for b := 0; b < d; b++ {
			at := i*d + b
			f[i] |= int(in[at/8]>>(at%8)&1) << b
		}
	}
	return
}

func compress(f poly, d int) poly {
	for i := range f {
		f[i] = (f[i]<<d + q/2) / q & (1<<d - 1)
	}
	return f
}

func decompress(f poly, d int) poly {
	for i := range f {
		f[i] = (f[i]*q + 1<<(d-1)) >> d
	}
	return f
}

func pkeEncrypt(ek, m, r []byte) []byte {
	var t, y, u [3]poly
	for i := range t {
		t[i] = unpack(ek[384*i:], 12)
		y[i] = ntt(noise(r, byte(i)))
	}
	rho := ek[1152:]
	var c []byte
	for i := range u {
		var column [3]poly
		for j := range column {
			column[j] = uniform(rho, byte(j), byte(i))
		}
		u[i] = add(inverseNTT(dot(column, y)), noise(r, byte(3+i)))
		c = append(c, pack(compress(u[i], 10), 10)...)
	}
	v := add(add(inverseNTT(dot(t, y)), noise(r, 6)), decompress(unpack(m, 1), 1))
	return append(c, pack(compress(v, 4), 4)...)
}

func mlkemEncapsulate(ek, m []byte) (secret, ct []byte, err error) {
	if len(ek) != ekSize {
		return nil, nil, errors.New("ML-KEM key has a wrong length")
	}
	for i := 0; i < 3; i++ {
		for _, c := range unpack(ek[384*i:], 12) {
			if c >= q {
				return nil, nil, errors.New("ML-KEM key is out of range")
			}
		}
	}
	kr := sha3x512(m, sha3x256(ek))
	return kr[:32], pkeEncrypt(ek, m, kr[32:]), nil
}

// mlkemKey is what the 64-byte seed d || z gives.
type mlkemKey struct {
	s  [3]poly
	ek []byte
	z  []byte
}

func newMLKEM(seed []byte) *mlkemKey {
	g := sha3x512(seed[:32], []byte{3})
	rho, sigma := g[:32], g[32:]
	key := &mlkemKey{z: seed[32:]}
	var e [3]poly
	for i := range e {
		key.s[i] = ntt(noise(sigma, byte(i)))
		e[i] = ntt(noise(sigma, byte(3+i)))
	}
	for i := range e {
		var row [3]poly
		for j := range row {
			row[j] = uniform(rho, byte(i), byte(j))
		}
		key.ek = append(key.ek, pack(add(dot(row, key.s), e[i]), 12)...)
	}
	key.ek = append(key.ek, rho...)
	return key
}

func (key *mlkemKey) decapsulate(ct []byte) []byte {
	var u [3]poly
	for i := range u {
		u[i] = ntt(decompress(unpack(ct[320*i:], 10), 10))
	}
	v := decompress(unpack(ct[960:], 4), 4)
	m := pack(compress(sub(v, inverseNTT(dot(key.s, u))), 1), 1)
	kr := sha3x512(m, sha3x256(key.ek))
	if !bytes.Equal(pkeEncrypt(key.ek, m, kr[32:]), ct) {
		return shake256(32, key.z, ct)
	}
	return kr[:32]
}
