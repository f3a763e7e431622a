package main

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"insurer/wire"
)

// The store is one file of JSON lines, written and synced before anything is answered, and read whole at the start.
// A transaction is the lock, some lines, one write and one fsync.

type claim struct {
	Device, ClaimID, Prev, Envelope, Dispatch, Package, Receipt string
	Seq                                                         int64

	place int // in the log
}

type enrolment struct {
	Invitation, Request, Answer, Device, Shop string
	Signing, Sealing                          wire.Object
}

type certificate struct {
	Device, Digest, Key, PEM string // digests of DER and of the TLS key
	From, To                 int64
	Renewal                  bool
}

type nonce struct {
	Device, Nonce string
	Created       int64
}

type line struct {
	Claim       *claim       `json:",omitempty"`
	Enrolment   *enrolment   `json:",omitempty"`
	Certificate *certificate `json:",omitempty"`
	Wrong       string       `json:",omitempty"` // invitation a wrong proof came for
	Nonce       *nonce       `json:",omitempty"`
}

type terminal struct {
	kid, shop     string
	key           *ecdsa.PublicKey
	sealing       wire.Object
	bySeq         map[int64]*claim
	head, highest int64 // all of 1…head are stored
	nonces        map[string]int64
	renewal       *certificate
}

type store struct {
	sync.Mutex
	file         *os.File
	size         int64
	broken       bool
	terminals    map[string]*terminal
	certificates map[string]*certificate
	claims       map[string]*claim
	used         map[string]*enrolment
	wrong        map[string]int
	tree         tree
}

func openStore(path string) (*store, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	s := &store{file: file, terminals: map[string]*terminal{}, certificates: map[string]*certificate{},
		claims: map[string]*claim{}, used: map[string]*enrolment{}, wrong: map[string]int{}}
	s.size = int64(bytes.LastIndexByte(data, '\n') + 1) // a line cut short was never answered for; the next one is written over it
	for _, text := range bytes.Split(data[:s.size], []byte("\n")) {
		var l line
		if len(text) == 0 {
			continue
		}
		if err := json.Unmarshal(text, &l); err != nil {
			return nil, err
		}
		if err := s.apply(&l); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// commit makes lines durable, then true. The caller holds the lock.
func (s *store) commit(lines ...*line) error {
	var b bytes.Buffer
	for _, l := range lines {
		text, err := json.Marshal(l)
		if err != nil {
			return err
		}
		b.Write(append(text, '\n'))
	}
	if s.broken {
		return errors.New("the store is broken")
	}
	if _, err := s.file.WriteAt(b.Bytes(), s.size); err != nil {
		s.broken = s.file.Truncate(s.size) != nil
		return err
	}
	if err := s.file.Sync(); err != nil {
		s.broken = true // what a failed fsync left behind is not known; a restart reads it
		return err
	}
	s.size += int64(b.Len())
	for _, l := range lines {
		if err := s.apply(l); err != nil {
			s.broken = true
			return err
		}
	}
	return nil
}

func (s *store) apply(l *line) error {
	if e := l.Enrolment; e != nil {
		key, kid, err := wire.PublicKey(e.Signing)
		if err != nil {
			return err
		}
		if s.terminals[kid] == nil {
			s.terminals[kid] = &terminal{kid: kid, shop: e.Shop, key: key,
				bySeq: map[int64]*claim{}, nonces: map[string]int64{}}
		}
		s.terminals[kid].sealing = e.Sealing
		s.used[e.Invitation] = e
	}
	if c := l.Certificate; c != nil {
		s.certificates[c.Digest] = c
		if c.Renewal {
			s.terminals[c.Device].renewal = c
		}
	}
	if l.Wrong != "" {
		s.wrong[l.Wrong]++
	}
	if n := l.Nonce; n != nil && n.Created > time.Now().Unix()-600 {
		s.terminals[n.Device].nonces[n.Nonce] = n.Created
	}
	if c := l.Claim; c != nil {
		t := s.terminals[c.Device]
		c.place = s.tree.append(c.Envelope)
		s.claims[c.ClaimID] = c
		t.bySeq[c.Seq] = c
		if c.Seq > t.highest {
			t.highest = c.Seq
		}
		for t.bySeq[t.head+1] != nil {
			t.head++
		}
	}
	return nil
}

// fresh takes a nonce once.
func (s *store) fresh(t *terminal, text string, created int64) (bool, error) {
	s.Lock()
	defer s.Unlock()
	if _, seen := t.nonces[text]; seen {
		return false, nil
	}
	for old, at := range t.nonces {
		if at < time.Now().Unix()-600 {
			delete(t.nonces, old)
		}
	}
	return true, s.commit(&line{Nonce: &nonce{t.kid, text, created}})
}
