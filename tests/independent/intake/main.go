// Command intake is an insurer's intake, written from the contract (README.md, openapi.yaml, schemas/) and nothing else.
//
//	intake init   FOLDER --endpoint https://127.0.0.1:8443 --sealing opener.json --contract FOLDER   makes keys, authority, profile
//	intake invite FOLDER --shop 759999991                                        prints a letter and the directory entry
//	intake serve  FOLDER                                                         answers terminals
//	intake say    FOLDER DEVICE outcome < record.json                            writes an event
//	intake revoke FOLDER DEVICE
package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"insurer/wire"
)

// config is what an operator decides.
type config struct {
	AMC, Name, Convention, CSR, Endpoint, Hosting, LogName, Contract string
	Sealing                                                          []any // first in use
}

type intake struct {
	config
	folder                string
	schemas               wire.Schemas
	store                 *store
	signing, authorityKey *ecdsa.PrivateKey
	authority             *x509.Certificate
	logKey                ed25519.PrivateKey
	pseudonym             []byte
	keys, profile         string
	recipients            map[string]string // kid to suite
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 3 {
		log.Fatal("usage: intake init|invite|serve|say|revoke FOLDER …")
	}
	folder, args := os.Args[2], os.Args[3:]
	var err error
	switch os.Args[1] {
	case "init":
		err = initialise(folder, args)
	case "invite":
		err = invite(folder, args)
	case "serve":
		err = serve(folder)
	case "say":
		err = sayIt(folder, args)
	case "revoke":
		if err = os.MkdirAll(filepath.Join(folder, "revoked"), 0o700); err == nil {
			err = os.WriteFile(filepath.Join(folder, "revoked", args[0]), nil, 0o600)
		}
	default:
		err = fmt.Errorf("no command %q", os.Args[1])
	}
	if err != nil {
		log.Fatal(err)
	}
}

func writeNew(path string, data []byte) error { // durable, and never over another
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err = file.Write(data); err == nil {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	return err
}

func newKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, writeNew(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

func initialise(folder string, args []string) error {
	flags := flag.NewFlagSet("init", flag.ExitOnError)
	var c config
	flags.StringVar(&c.AMC, "amc", "99999997", "AMC number")
	flags.StringVar(&c.Name, "name", "Mutuelle de l'exemple", "name")
	flags.StringVar(&c.Convention, "convention", "OPTI", "type de convention")
	flags.StringVar(&c.CSR, "csr", "", "secondary criterion")
	flags.StringVar(&c.Endpoint, "endpoint", "https://127.0.0.1:8443", "origin; with port 0 a free one is picked at the first start")
	flags.StringVar(&c.Hosting, "hosting", "on this machine", "declared hosting")
	flags.StringVar(&c.LogName, "log", "insurer.example/log", "origin of the log")
	flags.StringVar(&c.Contract, "contract", "", "folder of the contract")
	sealing := flags.String("sealing", "", "the opener's public keys, as `opener keygen` prints them")
	_ = flags.Parse(args)
	data, err := os.ReadFile(*sealing)
	if err == nil {
		err = json.Unmarshal(data, &c.Sealing)
	}
	if err == nil {
		err = os.MkdirAll(filepath.Join(folder, "invitations"), 0o700)
	}
	if err != nil {
		return err
	}
	var keys [3]*ecdsa.PrivateKey
	for i, name := range []string{"authority.key", "tls.key", "signing.key"} {
		if keys[i], err = newKey(filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	secret := make([]byte, 64) // the pseudonym key, then the log's seed
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	logKey := ed25519.NewKeyFromSeed(secret[32:])
	endpoint, err := url.Parse(c.Endpoint)
	if err != nil {
		return err
	}
	now := time.Now().Truncate(time.Second)
	authority := &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: c.Name}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(3650 * day), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	der, err := x509.CreateCertificate(rand.Reader, authority, authority, &keys[0].PublicKey, keys[0])
	if err != nil {
		return err
	}
	if authority, err = x509.ParseCertificate(der); err != nil { // with its subject key id
		return err
	}
	server := &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: endpoint.Hostname()}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(365 * day), BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if ip := net.ParseIP(endpoint.Hostname()); ip != nil {
		server.IPAddresses = []net.IP{ip}
	} else {
		server.DNSNames = []string{endpoint.Hostname()}
	}
	serverDER, err := x509.CreateCertificate(rand.Reader, server, authority, &keys[1].PublicKey, keys[0])
	if err != nil {
		return err
	}
	keySet, err := wire.Sign(keys[2], "keys", wire.Object{"schema": "comptoir/keys/v1", "insurer": c.AMC, "version": 1,
		"signing": []any{wire.Object{"kid": wire.Kid(&keys[2].PublicKey), "jwk": wire.JWK(&keys[2].PublicKey)}}, "sealing": c.Sealing})
	if err != nil {
		return err
	}
	lens := wire.Object{"simple": 12500, "complexe": 30000, "tres_complexe": 35000}
	profile, err := wire.Sign(keys[2], "profile", wire.Object{"schema": "comptoir/profile/v1", "insurer": c.AMC, "convention": c.Convention,
		"name": c.Name, "version": 1, "effective": now.UTC().Format("2006-01-02"), "code_level": "lpp", "hosting": c.Hosting, "offline_ceiling": 20000,
		"contracts": []any{wire.Object{"id": "base", "label": "Base", "kind": "responsable", "real_cost": false,
			"grid": wire.Object{"frame": 10000, "lens": lens}}},
		"log": wire.Object{"key": verifierKey(c.LogName, logKey.Public().(ed25519.PublicKey)), "deadline_hours": 24, "quorum": 0}})
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		return err
	}
	certificate := func(der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}) }
	for name, data := range map[string][]byte{"authority.pem": certificate(der), "tls.pem": certificate(serverDER), "secret": secret,
		"keys.jws": []byte(keySet), "profile.jws": []byte(profile), "config.json": text} {
		if err := writeNew(filepath.Join(folder, name), data); err != nil {
			return err
		}
	}
	return nil
}

func load(folder string) (*intake, error) {
	in := &intake{folder: folder, recipients: map[string]string{}}
	files := map[string][]byte{}
	for _, name := range []string{"config.json", "authority.key", "authority.pem", "signing.key", "secret", "keys.jws", "profile.jws"} {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return nil, err
		}
		if block, _ := pem.Decode(data); block != nil {
			data = block.Bytes
		}
		files[name] = data
	}
	err := json.Unmarshal(files["config.json"], &in.config)
	if err == nil {
		in.schemas, err = wire.LoadSchemas(filepath.Join(in.Contract, "schemas"))
	}
	if err == nil {
		in.authority, err = x509.ParseCertificate(files["authority.pem"])
	}
	if err == nil {
		in.authorityKey, err = x509.ParseECPrivateKey(files["authority.key"])
	}
	if err == nil {
		in.signing, err = x509.ParseECPrivateKey(files["signing.key"])
	}
	if err == nil {
		in.store, err = openStore(filepath.Join(folder, "store.jsonl"))
	}
	if err != nil {
		return nil, err
	}
	if picked, err := os.ReadFile(filepath.Join(folder, "endpoint")); err == nil {
		in.Endpoint = string(picked)
	}
	in.keys, in.profile = string(files["keys.jws"]), string(files["profile.jws"])
	in.pseudonym, in.logKey = files["secret"][:32], ed25519.NewKeyFromSeed(files["secret"][32:])
	for _, key := range in.Sealing {
		in.recipients[key.(wire.Object)["kid"].(string)] = key.(wire.Object)["suite"].(string)
	}
	return in, nil
}

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func symbols(n int) string {
	text := make([]byte, n)
	if _, err := rand.Read(text); err != nil {
		panic(err)
	}
	for i := range text {
		text[i] = crockford[text[i]%32]
	}
	return string(text)
}

// printed groups a code's symbols and adds the check symbol.
func printed(code string) string {
	number := new(big.Int)
	for _, symbol := range code {
		for i, s := range crockford {
			if s == symbol {
				number.Add(number.Lsh(number, 5), big.NewInt(int64(i)))
			}
		}
	}
	check := (crockford + "*~$=U")[new(big.Int).Mod(number, big.NewInt(37)).Int64()]
	text := ""
	for i := 0; i < len(code); i += 4 {
		text += code[i:i+4] + "-"
	}
	return text + string(check)
}

func invite(folder string, args []string) error {
	flags := flag.NewFlagSet("invite", flag.ExitOnError)
	shop := flags.String("shop", "759999991", "shop")
	days := flags.Int("days", 30, "days the letter is good for")
	_ = flags.Parse(args)
	in, err := load(folder)
	if err != nil {
		return err
	}
	id, code := symbols(8), symbols(20)
	data, err := json.Marshal(invitation{code, *shop, time.Now().Unix() + int64(*days)*86400})
	if err == nil {
		err = writeNew(filepath.Join(folder, "invitations", id), data)
	}
	if err != nil {
		return err
	}
	entry := wire.Object{"amc": in.AMC, "name": in.Name, "convention": in.Convention, "endpoint": in.Endpoint, "hosting": in.Hosting,
		"authority_pem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: in.authority.Raw})),
		"signing":       wire.JWK(&in.signing.PublicKey)}
	if in.CSR != "" {
		entry["csr"] = in.CSR
	}
	letter := wire.Object{"invitation": id, "activation_code": printed(code)}
	_, err = fmt.Printf("%s\n", wire.Canonical(wire.Object{"letter": letter, "directory": entry}))
	return err
}

func sayIt(folder string, args []string) error {
	in, err := load(folder)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	record, err := wire.Decode(data)
	if err != nil {
		return err
	}
	return in.say(args[0], args[1], record.(wire.Object))
}

func serve(folder string) error {
	in, err := load(folder)
	if err != nil {
		return err
	}
	if err := in.store.file.Truncate(in.store.size); err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "tls.pem"), filepath.Join(folder, "tls.key"))
	if err != nil {
		return err
	}
	endpoint, err := url.Parse(in.Endpoint)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", endpoint.Host)
	if err != nil {
		return err
	}
	if endpoint.Port() == "0" { // whichever is free, and the same one from now on
		endpoint.Host = listener.Addr().String()
		in.Endpoint = endpoint.String()
		if err := writeNew(filepath.Join(folder, "endpoint"), []byte(in.Endpoint)); err != nil {
			return err
		}
	}
	server := &http.Server{Handler: in, ReadHeaderTimeout: 20 * time.Second, ReadTimeout: 120 * time.Second, IdleTimeout: 60 * time.Second,
		MaxHeaderBytes: 16384, TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}, // HTTP/1.1
		ErrorLog: log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair},
			ClientAuth: tls.RequestClientCert}} // asked for, not required; each request checks it
	fmt.Println("serving", in.Endpoint)
	return server.ServeTLS(listener, "", "")
}
