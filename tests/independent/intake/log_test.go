package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

type noteKey struct {
	Name, Vkey string
	Seed       string `json:"private_seed_hex"`
}

type logVectors struct {
	Log        noteKey
	Witnesses  []noteKey
	Quorum     int
	Entries    []string
	Checkpoint string
	Proofs     []struct {
		Index        int
		Entry, Proof string
	}
	Tampered    []struct{ Name, Code, Entry, Proof string }
	Later       []struct{ Name, Code, Checkpoint string }
	Consistency []struct {
		Old  int
		Root string `json:"root_hex"`
		Path []string
	}
	Tiles map[string]string
}

// verify is what a terminal asks of a proof: "" or the code of what is wrong with it.
func (v *logVectors) verify(entry, proof string) string {
	head, checkpoint, found := strings.Cut(proof, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return "proof_invalid"
	}
	index, err := strconv.Atoi(lines[1][6:])
	if err != nil || strconv.Itoa(index) != lines[1][6:] {
		return "proof_invalid"
	}
	size, root, cosigned := v.signed(checkpoint)
	if root == nil || index < 0 || index >= size {
		return "proof_invalid"
	}
	raw, err := hex.DecodeString(entry)
	if err != nil {
		return "proof_invalid"
	}
	path := make([][32]byte, 0, len(lines))
	for _, line := range lines[2:] {
		step, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(step) != 32 {
			return "proof_invalid"
		}
		path = append(path, *(*[32]byte)(step))
	}
	hash, ok := climb(sha256.Sum256(append([]byte{0}, raw...)), index, size, path)
	if !ok || string(hash[:]) != string(root) {
		return "proof_invalid"
	}
	if cosigned < v.Quorum {
		return "witnesses_missing"
	}
	return ""
}

// climb follows an inclusion path (RFC 9162 §2.1.3.2).
func climb(hash [32]byte, index, size int, path [][32]byte) ([32]byte, bool) {
	last := size - 1
	for _, step := range path {
		if last == 0 {
			return hash, false
		}
		if index%2 == 1 || index == last {
			hash = node(step, hash)
			for index%2 == 0 && index > 0 {
				index, last = index/2, last/2
			}
		} else {
			hash = node(hash, step)
		}
		index, last = index/2, last/2
	}
	return hash, last == 0
}

// signed reads a checkpoint that the log signed and nobody but witnesses of the profile cosigned.
func (v *logVectors) signed(note string) (size int, root []byte, cosigned int) {
	text, signatures, found := strings.Cut(note, "\n\n")
	lines := strings.Split(text, "\n")
	if !found || len(lines) != 3 || lines[0] != v.Log.Name || !strings.HasSuffix(signatures, "\n") {
		return 0, nil, 0
	}
	body, seen := text+"\n", map[string]bool{}
	for _, line := range strings.Split(strings.TrimSuffix(signatures, "\n"), "\n") {
		who, ok := v.signer(body, line)
		if !ok || seen[who] {
			return 0, nil, 0
		}
		seen[who] = true
	}
	size, err := strconv.Atoi(lines[1])
	root, err2 := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || err2 != nil || strconv.Itoa(size) != lines[1] || !seen[v.Log.Name] {
		return 0, nil, 0
	}
	return size, root, len(seen) - 1
}

func (v *logVectors) signer(body, line string) (string, bool) {
	for i, key := range append([]noteKey{v.Log}, v.Witnesses...) {
		parts := strings.SplitN(key.Vkey, "+", 3)
		public, err := base64.StdEncoding.DecodeString(parts[2])
		if err != nil || !strings.HasPrefix(line, "— "+key.Name+" ") {
			continue
		}
		raw, err := base64.StdEncoding.Strict().DecodeString(line[len("— "+key.Name+" "):])
		if err != nil || len(raw) < 4 || hex.EncodeToString(raw[:4]) != parts[1] {
			return "", false
		}
		message, signature := body, raw[4:]
		if i > 0 {
			if len(signature) != 72 {
				return "", false
			}
			message = fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(signature), body)
			signature = signature[8:]
		}
		return key.Name, ed25519.Verify(public[1:], []byte(message), signature)
	}
	return "", false
}

// continued follows a consistency path (RFC 9162 §2.1.4.2).
func continued(old int, oldRoot [32]byte, size int, root [32]byte, path [][32]byte) bool {
	if old == size {
		return len(path) == 0 && oldRoot == root
	}
	if old&(old-1) == 0 {
		path = append([][32]byte{oldRoot}, path...)
	}
	if len(path) == 0 {
		return false
	}
	fn, sn := old-1, size-1
	for fn%2 == 1 {
		fn, sn = fn/2, sn/2
	}
	a, b := path[0], path[0]
	for _, step := range path[1:] {
		if sn == 0 {
			return false
		}
		if fn%2 == 1 || fn == sn {
			a, b = node(step, a), node(step, b)
			for fn%2 == 0 && fn > 0 {
				fn, sn = fn/2, sn/2
			}
		} else {
			b = node(b, step)
		}
		fn, sn = fn/2, sn/2
	}
	return a == oldRoot && b == root && sn == 0
}

func TestLog(t *testing.T) {
	var v logVectors
	read(t, "log.json", &v)
	in, _ := setUp(t)
	seed, err := hex.DecodeString(v.Log.Seed)
	if err != nil {
		t.Fatal(err)
	}
	in.LogName, in.logKey = v.Log.Name, ed25519.NewKeyFromSeed(seed)
	if verifierKey(in.LogName, in.logKey.Public().(ed25519.PublicKey)) != v.Log.Vkey {
		t.Error("verifier key")
	}
	for _, entry := range v.Entries {
		in.store.tree.append(entry)
	}
	if !strings.HasPrefix(v.Checkpoint, in.checkpoint()) {
		t.Error("another checkpoint")
	}
	for _, p := range v.Proofs {
		if v.verify(p.Entry, p.Proof) != "" || in.proof(p.Index, v.Checkpoint) != p.Proof {
			t.Error("proof", p.Index)
		}
	}
	for path, want := range v.Tiles {
		if hex.EncodeToString(in.store.tree.tile(strings.TrimPrefix(path, "tile/"))) != want {
			t.Error(path)
		}
	}
	for _, c := range v.Tampered {
		if code := v.verify(c.Entry, c.Proof); code != c.Code {
			t.Errorf("%s: %q, not %q", c.Name, code, c.Code)
		}
	}
	size, root, _ := v.signed(v.Checkpoint)
	for _, c := range v.Consistency {
		var path [][32]byte
		for _, step := range c.Path {
			raw, _ := hex.DecodeString(step)
			path = append(path, *(*[32]byte)(raw))
		}
		old, _ := hex.DecodeString(c.Root)
		if !continued(c.Old, *(*[32]byte)(old), size, *(*[32]byte)(root), path) {
			t.Error("consistency from", c.Old)
		}
	}
	for _, c := range v.Later {
		later, other, cosigned := v.signed(c.Checkpoint)
		code := ""
		if later < size {
			code = "log_shrunk"
		} else if later == size && string(other) != string(root) {
			code = "log_forked"
		}
		if cosigned < v.Quorum || code != c.Code {
			t.Errorf("%s: %q", c.Name, code)
		}
	}
}
