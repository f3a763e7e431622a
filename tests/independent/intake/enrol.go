package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"insurer/seal"
	"insurer/wire"
)

const day = 24 * time.Hour

// invitation is a letter that was posted; the file of it is in invitations/ until it is used or expires.
type invitation struct {
	Symbols, Shop string
	Expires       int64
}

func (in *intake) invitation(id string) *invitation {
	data, err := os.ReadFile(filepath.Join(in.folder, "invitations", id))
	var letter invitation
	if err != nil || json.Unmarshal(data, &letter) != nil {
		return nil
	}
	return &letter
}

func (in *intake) enrol(q *request) reply {
	request, err := in.schemas.Record("enrolment-request", q.body)
	if err != nil {
		return refuse("request_invalid")
	}
	_, device, err := wire.PublicKey(request["signing"].(wire.Object))
	if err != nil || request["insurer"] != in.AMC {
		return refuse("request_invalid")
	}
	if n, err := wire.UnB64(request["nonce"].(string)); err != nil || len(n) != 32 {
		return refuse("request_invalid")
	}
	shopKey := request["sealing"].(wire.Object)
	public, err := wire.UnB64(shopKey["public"].(string))
	suite := shopKey["suite"].(string)
	if err != nil || len(public) != seal.PublicSize(suite) || shopKey["kid"] != wire.KidOf(public) {
		return refuse("request_invalid")
	}
	sealed, err := seal.Seal(suite, public, []byte("comptoir/pseudonym/v1\x00"), in.pseudonym)
	if err != nil {
		return refuse("request_invalid")
	}
	tlsKey, err := requestedKey(request["certificate_request"].(string))
	if err != nil {
		return refuse("request_invalid")
	}
	proof, id := request["proof"].(string), request["invitation"].(string)
	delete(request, "proof")
	unproven := append([]byte("comptoir/enrolment/v1\x00"), wire.Canonical(request)...)

	in.store.Lock()
	defer in.store.Unlock()
	letter := in.invitation(id)
	if letter == nil {
		return refuse("activation_refused")
	}
	used := in.store.used[id]
	if time.Now().Unix() > letter.Expires {
		return refuse("invitation_closed")
	}
	if used != nil && used.Request == wire.Digest(q.body) {
		return enrolled(used.Answer)
	}
	if used != nil || in.store.wrong[id] >= 5 {
		return refuse("invitation_closed")
	}
	mac := hmac.New(sha256.New, []byte(letter.Symbols))
	mac.Write(unproven)
	if !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(proof)) {
		if in.store.commit(&line{Wrong: id}) != nil {
			return refuse("unavailable")
		}
		return refuse("activation_refused")
	}
	if in.revoked(device) {
		return refuse("certificate_revoked")
	}
	if known := in.store.terminals[device]; known != nil && known.shop != letter.Shop {
		return refuse("request_invalid")
	}
	issued, err := in.issue(device, tlsKey)
	if err != nil {
		return refuse("internal")
	}
	answer := string(wire.Canonical(wire.Object{"insurer": in.AMC, "shop": letter.Shop, "device": device,
		"certificate": issued.PEM, "keys": in.keys, "profile": in.profile, "pseudonym_key": wire.B64(sealed)}))
	if in.store.commit(&line{Enrolment: &enrolment{Invitation: id, Request: wire.Digest(q.body), Answer: answer,
		Device: device, Shop: letter.Shop, Signing: request["signing"].(wire.Object), Sealing: shopKey},
		Certificate: issued}) != nil {
		return refuse("unavailable")
	}
	return enrolled(answer)
}

func enrolled(answer string) reply {
	body, err := wire.Decode([]byte(answer))
	if err != nil {
		return refuse("internal")
	}
	return reply{status: 201, media: "enrolled", body: body.(wire.Object)}
}

func (in *intake) renew(q *request) reply {
	request, err := in.schemas.Record("renewal-request", q.body)
	if err != nil || request["insurer"] != in.AMC {
		return refuse("request_invalid")
	}
	key, err := requestedKey(request["certificate_request"].(string))
	if err != nil {
		return refuse("request_invalid")
	}
	in.store.Lock()
	defer in.store.Unlock()
	status, issued := 200, q.terminal.renewal
	if issued == nil || issued.Key != keyDigest(key) || time.Now().Unix() > issued.From+int64(30*day/time.Second) {
		if issued, err = in.issue(q.terminal.kid, key); err != nil {
			return refuse("internal")
		}
		issued.Renewal = true
		if in.store.commit(&line{Certificate: issued}) != nil {
			return refuse("unavailable")
		}
		status = 201
	}
	return reply{status: status, media: "renewed", body: wire.Object{"certificate": issued.PEM}}
}

func requestedKey(text string) (*ecdsa.PublicKey, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE REQUEST" || len(rest) > 0 {
		return nil, errors.New("not a certificate request")
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := csr.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("not a P-256 key")
	}
	return key, csr.CheckSignature()
}

func keyDigest(key *ecdsa.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic(err)
	}
	return wire.Digest(der)
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		panic(err)
	}
	return n.Add(n, big.NewInt(1))
}

func (in *intake) issue(device string, key *ecdsa.PublicKey) (*certificate, error) {
	now := time.Now().Truncate(time.Second)
	template := &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: device},
		NotBefore: now.Add(-time.Minute), NotAfter: now.Add(90 * day), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, in.authority, key, in.authorityKey)
	if err != nil {
		return nil, err
	}
	return &certificate{Device: device, Digest: wire.Digest(der), Key: keyDigest(key), From: template.NotBefore.Unix(),
		To: template.NotAfter.Unix(), PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}, nil
}
