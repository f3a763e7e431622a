// Judges a log and the proofs it gave, with an independent implementation: nothing of Comptoir is used.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run check.go LOG-FOLDER CASES.json VKEY...
//
// LOG-FOLDER has the files of c2sp.org/tlog-tiles. CASES.json is a list of {"entry": hex, "proof": tlog-proof text}.
// The first VKEY is the log's, the others are witnesses'. Counts go to standard output as one JSON object: proofs that
// hold, their distinct checkpoints, pairs of checkpoints shown consistent from the tiles, cosignatures that verify, and
// proofs refused.
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type proofCase struct {
	Entry string `json:"entry"`
	Proof string `json:"proof"`
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// cosigner verifies lines of c2sp.org/tlog-cosignature, which the note package leaves to its callers.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	head := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(signature))
	return ed25519.Verify(c.key, append([]byte(head), text...), signature[8:])
}

func verifier(vkey string) note.Verifier {
	parts := strings.SplitN(vkey, "+", 3)
	material, err := base64.StdEncoding.DecodeString(parts[2])
	must(err)
	if material[0] == 4 {
		hash, err := strconv.ParseUint(parts[1], 16, 32)
		must(err)
		return cosigner{parts[0], uint32(hash), ed25519.PublicKey(material[1:])}
	}
	found, err := note.NewVerifier(vkey)
	must(err)
	return found
}

// folder reads tiles from files.
type folder string

func (f folder) Height() int                         { return 8 }
func (f folder) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := [][]byte{}
	for _, tile := range tiles {
		full := tile
		full.W = 1 << 8
		data, err := os.ReadFile(f.path(tile))
		if err != nil {
			data, err = os.ReadFile(f.path(full))
		}
		if err != nil {
			return nil, err
		}
		found = append(found, data[:tile.W*tlog.HashSize])
	}
	return found, nil
}

func (f folder) path(tile tlog.Tile) string {
	return filepath.Join(string(f), strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
}

// opened verifies a signed checkpoint and gives its tree and how many witnesses cosigned it.
func opened(message string, known []note.Verifier) (tlog.Tree, int, error) {
	found, err := note.Open([]byte(message), note.VerifierList(known...))
	if err != nil {
		return tlog.Tree{}, 0, err
	}
	if found.Sigs[0].Name != known[0].Name() || len(found.UnverifiedSigs) > 0 {
		return tlog.Tree{}, 0, fmt.Errorf("signed by others")
	}
	lines := strings.Split(found.Text, "\n")
	if len(lines) != 4 || lines[0] != known[0].Name() {
		return tlog.Tree{}, 0, fmt.Errorf("another log's checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, 0, err
	}
	hash, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: hash}, len(found.Sigs) - 1, err
}

func checked(c proofCase, known []note.Verifier) (tlog.Tree, int, error) {
	head, checkpoint, _ := strings.Cut(c.Proof, "\n\n")
	tree, cosigned, err := opened(checkpoint, known)
	if err != nil {
		return tree, 0, err
	}
	lines := strings.Split(head, "\n")
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return tree, 0, fmt.Errorf("not a proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return tree, 0, err
	}
	path := tlog.RecordProof{}
	for _, line := range lines[2:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return tree, 0, err
		}
		path = append(path, hash)
	}
	entry, err := hex.DecodeString(c.Entry)
	if err != nil {
		return tree, 0, err
	}
	return tree, cosigned, tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func main() {
	var known []note.Verifier
	for _, vkey := range os.Args[3:] {
		known = append(known, verifier(vkey))
	}
	content, err := os.ReadFile(os.Args[2])
	must(err)
	var cases []proofCase
	must(json.Unmarshal(content, &cases))
	counts := map[string]int{"proofs": 0, "refused": 0, "cosignatures": 0, "checkpoints": 0, "consistent": 0}
	seen := map[int64]tlog.Tree{}
	for _, c := range cases {
		tree, cosigned, err := checked(c, known)
		if err != nil {
			counts["refused"]++
			continue
		}
		counts["proofs"]++
		counts["cosignatures"] += cosigned
		seen[tree.N] = tree
	}
	message, err := os.ReadFile(filepath.Join(os.Args[1], "checkpoint"))
	must(err)
	published, _, err := opened(string(message), known)
	must(err)
	reader := tlog.TileHashReader(published, folder(os.Args[1]))
	whole, err := tlog.TreeHash(published.N, reader)
	must(err)
	if whole != published.Hash {
		must(fmt.Errorf("the tiles do not make the published root"))
	}
	trees := []tlog.Tree{published}
	for _, tree := range seen {
		trees = append(trees, tree)
	}
	sort.Slice(trees, func(i, j int) bool { return trees[i].N < trees[j].N })
	for i := 1; i < len(trees); i++ {
		path, err := tlog.ProveTree(trees[i].N, trees[i-1].N, reader)
		must(err)
		must(tlog.CheckTree(path, trees[i].N, trees[i].Hash, trees[i-1].N, trees[i-1].Hash))
		counts["consistent"]++
	}
	counts["checkpoints"] = len(seen)
	must(json.NewEncoder(os.Stdout).Encode(counts))
}
