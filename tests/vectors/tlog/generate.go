// Makes vectors.json with an independent implementation: roots, proofs, tiles and signed notes of a small invented log.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run generate.go > vectors.json
//
// The entries are SHA-256("entry 0"), SHA-256("entry 1"), ... The seeds are 32 times one byte. A path stands there as the
// SHA-256 of its hashes one after the other, a tile as the SHA-256 of its bytes.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const largest = 70000

type inclusion struct {
	Size  int64  `json:"size"`
	Index int64  `json:"index"`
	Steps int    `json:"steps"`
	Path  string `json:"path"`
}

type consistency struct {
	Old   int64  `json:"old"`
	Size  int64  `json:"size"`
	Steps int    `json:"steps"`
	Path  string `json:"path"`
}

type signed struct {
	Seed string `json:"seed"`
	Vkey string `json:"vkey"`
	Note string `json:"note"`
}

type vectors struct {
	Roots       map[string]string            `json:"roots"`
	Inclusion   []inclusion                  `json:"inclusion"`
	Consistency []consistency                `json:"consistency"`
	Tiles       map[string]map[string]string `json:"tiles"`
	Notes       []signed                     `json:"notes"`
}

var stored []tlog.Hash

var reader = tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		found[i] = stored[index]
	}
	return found, nil
})

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func digest(path []tlog.Hash) string {
	joined := []byte{}
	for _, step := range path {
		joined = append(joined, step[:]...)
	}
	found := sha256.Sum256(joined)
	return hex.EncodeToString(found[:])
}

func root(size int64) tlog.Hash {
	hash, err := tlog.TreeHash(size, reader)
	must(err)
	return hash
}

// tiles gives the SHA-256 of each tile that a log of this size has, by its name without the height.
func tiles(size int64) map[string]string {
	found := map[string]string{}
	for _, tile := range tlog.NewTiles(8, 0, size) {
		full := size >> uint(8*tile.L)
		last := tile.N == full>>8
		if last && int64(tile.W) != full-tile.N<<8 {
			continue
		}
		data, err := tlog.ReadTileData(tile, reader)
		must(err)
		digest := sha256.Sum256(data)
		found[strings.Replace(tile.Path(), "tile/8/", "tile/", 1)] = hex.EncodeToString(digest[:])
	}
	return found
}

func sign(name string, letter byte, size int64) signed {
	seed := bytes.Repeat([]byte{letter}, ed25519.SeedSize)
	skey, vkey, err := note.GenerateKey(bytes.NewReader(seed), name)
	must(err)
	signer, err := note.NewSigner(skey)
	must(err)
	hash := root(size)
	text := fmt.Sprintf("%s\n%d\n%s\n", name, size, base64.StdEncoding.EncodeToString(hash[:]))
	message, err := note.Sign(&note.Note{Text: text}, signer)
	must(err)
	return signed{hex.EncodeToString(seed), vkey, string(message)}
}

func main() {
	for i := int64(0); i < largest; i++ {
		entry := sha256.Sum256([]byte(fmt.Sprintf("entry %d", i)))
		hashes, err := tlog.StoredHashes(i, entry[:], reader)
		must(err)
		stored = append(stored, hashes...)
	}
	made := vectors{Roots: map[string]string{}, Tiles: map[string]map[string]string{}}
	sizes := []int64{1, 2, 3, 4, 5, 7, 8, 255, 256, 257, 511, 513, 1000, 65536, 65537, largest}
	for _, size := range sizes {
		hash := root(size)
		made.Roots[fmt.Sprint(size)] = hex.EncodeToString(hash[:])
		for _, index := range []int64{0, 1, 5, 255, 256, 65535, size / 2, size - 1} {
			if index < size {
				path, err := tlog.ProveRecord(size, index, reader)
				must(err)
				made.Inclusion = append(made.Inclusion, inclusion{size, index, len(path), digest(path)})
			}
		}
		for _, old := range sizes {
			if old <= size {
				path, err := tlog.ProveTree(size, old, reader)
				must(err)
				made.Consistency = append(made.Consistency, consistency{old, size, len(path), digest(path)})
			}
		}
	}
	for _, size := range []int64{1, 256, 513, largest} {
		made.Tiles[fmt.Sprint(size)] = tiles(size)
	}
	made.Notes = []signed{sign("insurer.example/99999997/log", 1, 1), sign("insurer.example/99999997/log", 2, 1000)}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	must(encoder.Encode(made))
}
