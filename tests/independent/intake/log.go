package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// The log (§16): a Merkle tree over the envelope digests, with its C2SP formats. levels[l][i] is the hash of the
// complete subtree of 2^l leaves that begins at i·2^l.
type tree struct {
	entries [][]byte
	levels  [][][32]byte
}

func node(left, right [32]byte) [32]byte {
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

func (t *tree) append(envelope string) int {
	entry, err := hex.DecodeString(envelope)
	if err != nil {
		panic(err)
	}
	t.entries = append(t.entries, entry)
	hash := sha256.Sum256(append([]byte{0}, entry...))
	for l := 0; ; l++ {
		if l == len(t.levels) {
			t.levels = append(t.levels, nil)
		}
		t.levels[l] = append(t.levels[l], hash)
		n := len(t.levels[l])
		if n%2 == 1 {
			return len(t.entries) - 1
		}
		hash = node(t.levels[l][n-2], t.levels[l][n-1])
	}
}

// split is the largest power of two below n, and its logarithm.
func split(n int) (k, l int) {
	for k = 1; 2*k < n; k *= 2 {
		l++
	}
	return
}

func (t *tree) hash(from, to int) [32]byte {
	if to-from == 1 {
		return t.levels[0][from]
	}
	k, l := split(to - from)
	if to-from == 2*k {
		return t.levels[l+1][from/(2*k)]
	}
	return node(t.hash(from, from+k), t.hash(from+k, to))
}

func (t *tree) inclusion(place, from, to int) [][32]byte {
	if to-from == 1 {
		return nil
	}
	k, _ := split(to - from)
	if place < from+k {
		return append(t.inclusion(place, from, from+k), t.hash(from+k, to))
	}
	return append(t.inclusion(place, from+k, to), t.hash(from, from+k))
}

func base64Of(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

func keyHash(name string, public ed25519.PublicKey) []byte {
	sum := sha256.Sum256([]byte(name + "\n\x01" + string(public)))
	return sum[:4]
}

func verifierKey(name string, public ed25519.PublicKey) string {
	return fmt.Sprintf("%s+%x+%s", name, keyHash(name, public), base64Of(append([]byte{1}, public...)))
}

// checkpoint signs the tree as it stands (Ed25519 is deterministic, so the same tree has one checkpoint).
func (in *intake) checkpoint() string {
	root := sha256.Sum256(nil)
	size := len(in.store.tree.entries)
	if size > 0 {
		root = in.store.tree.hash(0, size)
	}
	body := fmt.Sprintf("%s\n%d\n%s\n", in.LogName, size, base64Of(root[:]))
	signature := append(keyHash(in.LogName, in.logKey.Public().(ed25519.PublicKey)), ed25519.Sign(in.logKey, []byte(body))...)
	return fmt.Sprintf("%s\n— %s %s\n", body, in.LogName, base64Of(signature))
}

func (in *intake) proof(place int, checkpoint string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "c2sp.org/tlog-proof@v1\nindex %d\n", place)
	for _, hash := range in.store.tree.inclusion(place, 0, len(in.store.tree.entries)) {
		fmt.Fprintf(&b, "%s\n", base64Of(hash[:]))
	}
	return b.String() + "\n" + checkpoint
}

var tilePath = regexp.MustCompile(`^([0-7]|entries)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?$`)

// tile answers a tile or a bundle, nil when the log has not come so far.
func (t *tree) tile(path string) []byte {
	m := tilePath.FindStringSubmatch(path)
	if m == nil {
		return nil
	}
	place, err := strconv.Atoi(strings.NewReplacer("x", "", "/", "").Replace(m[2]))
	width := 256
	if m[3] != "" {
		width, _ = strconv.Atoi(m[3])
	}
	if err != nil || width > 256 || width == 256 && m[3] != "" || place > len(t.entries) {
		return nil
	}
	from, to := place*256, place*256+width
	var out []byte
	if m[1] == "entries" {
		if to > len(t.entries) {
			return nil
		}
		for _, entry := range t.entries[from:to] {
			out = append(binary.BigEndian.AppendUint16(out, uint16(len(entry))), entry...)
		}
		return out
	}
	level := 8 * int(m[1][0]-'0')
	if level >= len(t.levels) || to > len(t.levels[level]) {
		return nil
	}
	for _, hash := range t.levels[level][from:to] {
		out = append(out, hash[:]...)
	}
	return out
}
