// Verifies a log, its older checkpoints, its proofs and its requests to witnesses with golang.org/x/mod and nothing of ours:
//
//	verify LOG VKEY [X.checkpoint | X.request | X.tlog-proof LEAF]...
//
// LOG is the log's folder. A `.checkpoint` is one that the log published earlier, a `.request` a body of add-checkpoint, and a
// `.tlog-proof` is followed by the file of its leaf. Cosignatures are of a type that Go's note package does not know: verify.mjs
// checks them. Ends with 1 and one line when anything does not hold.
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: verify LOG VKEY [FILE]...")
	}
	key, err := note.NewVerifier(args[1])
	if err != nil {
		return err
	}
	log := folder(args[0])
	newest, err := readCheckpoint(filepath.Join(args[0], "checkpoint"), key)
	if err != nil {
		return err
	}
	trees := map[int64]tlog.Tree{newest.N: newest}
	var rest []string
	for _, name := range args[2:] {
		if filepath.Ext(name) != ".checkpoint" {
			rest = append(rest, name)
			continue
		}
		tree, err := readCheckpoint(name, key)
		if err != nil {
			return err
		}
		trees[tree.N] = tree
	}
	for _, tree := range trees {
		if err := log.check(tree); err != nil {
			return fmt.Errorf("tree of %d: %v", tree.N, err)
		}
		if err := log.checkPrefix(tree, newest); err != nil {
			return fmt.Errorf("tree of %d in the tree of %d: %v", tree.N, newest.N, err)
		}
	}
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		switch filepath.Ext(name) {
		case ".request":
			err = checkRequest(name, key, trees)
		case ".tlog-proof":
			if len(rest) == 0 {
				return fmt.Errorf("%s: no leaf", name)
			}
			err = checkProof(name, rest[0], key)
			rest = rest[1:]
		default:
			err = fmt.Errorf("no file of ours")
		}
		if err != nil {
			return fmt.Errorf("%s: %v", name, err)
		}
	}
	fmt.Printf("ok: %d checkpoints, the newest of %d leaves\n", len(trees), newest.N)
	return nil
}

// readCheckpoint opens the note with the log's key and maps its three lines.
func readCheckpoint(name string, key note.Verifier) (tlog.Tree, error) {
	msg, err := os.ReadFile(name)
	if err != nil {
		return tlog.Tree{}, err
	}
	return openCheckpoint(msg, key)
}

func openCheckpoint(msg []byte, key note.Verifier) (tlog.Tree, error) {
	var tree tlog.Tree
	opened, err := note.Open(msg, note.VerifierList(key))
	if err != nil {
		return tree, err
	}
	for _, sig := range opened.Sigs {
		if _, err := strict(sig.Base64); err != nil {
			return tree, err
		}
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != key.Name() {
		return tree, fmt.Errorf("not three lines of %s", key.Name())
	}
	if tree.N, err = decimal(lines[1]); err != nil {
		return tree, err
	}
	tree.Hash, err = hash(lines[2])
	return tree, err
}

func decimal(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && strconv.FormatInt(n, 10) != text || n < 0 {
		err = fmt.Errorf("%q is not a plain number", text)
	}
	return n, err
}

func strict(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, fmt.Errorf("a line break in base64")
	}
	return base64.StdEncoding.Strict().DecodeString(text)
}

func hash(text string) (tlog.Hash, error) {
	var h tlog.Hash
	b, err := strict(text)
	if err == nil && len(b) != len(h) {
		err = fmt.Errorf("a hash of %d bytes", len(b))
	}
	copy(h[:], b)
	return h, err
}

// folder is a log's folder with the paths of C2SP tlog-tiles, read as the tiles of Go's checksum database.
type folder string

func (f folder) Height() int { return 8 }

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range tiles {
		b, err := f.read(strconv.Itoa(tile.L), tile.N, tile.W)
		if err != nil {
			return nil, err
		}
		if len(b) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("tile %d/%d has %d bytes", tile.L, tile.N, len(b))
		}
		data = append(data, b)
	}
	return data, nil
}

// read maps level, number and width to `tile/<L>/x001/x234/067[.p/<W>]`.
func (f folder) read(level string, number int64, width int) ([]byte, error) {
	path := fmt.Sprintf("%03d", number%1000)
	for number /= 1000; number > 0; number /= 1000 {
		path = fmt.Sprintf("x%03d/%s", number%1000, path)
	}
	if width < 256 {
		path = fmt.Sprintf("%s.p/%d", path, width)
	}
	return os.ReadFile(filepath.Join(string(f), "tile", level, path))
}

// entries reads the bundles of a tree of n leaves.
func (f folder) entries(n int64) ([][]byte, error) {
	var entries [][]byte
	for first := int64(0); first < n; first += 256 {
		width := 256
		if n-first < 256 {
			width = int(n - first)
		}
		bundle, err := f.read("entries", first/256, width)
		if err != nil {
			return nil, err
		}
		for i := 0; i < width; i++ {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return nil, fmt.Errorf("bundle %d ends within entry %d", first/256, i)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			entries = append(entries, bundle[2:end])
			bundle = bundle[end:]
		}
		if len(bundle) > 0 {
			return nil, fmt.Errorf("bundle %d goes on behind its last entry", first/256)
		}
	}
	return entries, nil
}

// check recomputes the root twice, from the entries and from the hash tiles, and compares every leaf hash of the two.
func (f folder) check(tree tlog.Tree) error {
	entries, err := f.entries(tree.N)
	if err != nil {
		return err
	}
	if tree.N == 0 {
		// Go's tree of no leaves has a root of zeroes, RFC 6962's the hash of nothing.
		if tree.Hash != sha256.Sum256(nil) {
			return fmt.Errorf("another root than that of no leaves")
		}
		return nil
	}
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var hashes []tlog.Hash
		for _, index := range indexes {
			hashes = append(hashes, stored[index])
		}
		return hashes, nil
	})
	for i, entry := range entries {
		hashes, err := tlog.StoredHashes(int64(i), entry, read)
		if err != nil {
			return err
		}
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(tree.N, read)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the entries have root %v, the checkpoint %v", root, tree.Hash)
	}
	var indexes []int64
	for i := range entries {
		indexes = append(indexes, tlog.StoredHashIndex(0, int64(i)))
	}
	// TileHashReader returns only hashes that it has led to the root.
	hashes, err := tlog.TileHashReader(tree, f).ReadHashes(indexes)
	if err != nil {
		return err
	}
	for i, entry := range entries {
		if hashes[i] != tlog.RecordHash(entry) {
			return fmt.Errorf("entry %d is not the one of the hash tile", i)
		}
	}
	return nil
}

// checkPrefix proves from the newest tree's tiles that an older tree is its beginning.
func (f folder) checkPrefix(old, newest tlog.Tree) error {
	if old.N == 0 {
		return nil
	}
	proof, err := tlog.ProveTree(newest.N, old.N, tlog.TileHashReader(newest, f))
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, newest.N, newest.Hash, old.N, old.Hash)
}

// split cuts a file at its first blank line: what is ours stands before it, a checkpoint behind it.
func split(name string) ([]string, []byte, error) {
	msg, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	parts := strings.SplitN(string(msg), "\n\n", 2)
	if len(parts) != 2 {
		return nil, nil, fmt.Errorf("no blank line")
	}
	return strings.Split(parts[0], "\n"), []byte(parts[1]), nil
}

func hashes(lines []string) ([]tlog.Hash, error) {
	var all []tlog.Hash
	for _, line := range lines {
		h, err := hash(line)
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

// checkProof checks a `.tlog-proof`: the log's signature and that the leaf is where the proof says.
func checkProof(name, leafName string, key note.Verifier) error {
	lines, checkpoint, err := split(name)
	if err != nil {
		return err
	}
	leaf, err := os.ReadFile(leafName)
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(checkpoint, key)
	if err != nil {
		return err
	}
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("another format")
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return fmt.Errorf("no index")
	}
	index, err := decimal(lines[0][len("index "):])
	if err != nil {
		return err
	}
	proof, err := hashes(lines[1:])
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(leaf))
}

// checkRequest checks a body of add-checkpoint: its consistency proof leads from the old tree to the new one.
func checkRequest(name string, key note.Verifier, trees map[int64]tlog.Tree) error {
	lines, checkpoint, err := split(name)
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(checkpoint, key)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(lines[0], "old ") {
		return fmt.Errorf("no old size")
	}
	size, err := decimal(lines[0][len("old "):])
	if err != nil {
		return err
	}
	proof, err := hashes(lines[1:])
	if err != nil {
		return err
	}
	// Go checks no proof from the empty tree: there is nothing to prove, and the proof is empty.
	if size == 0 && len(proof) == 0 {
		return nil
	}
	old, known := trees[size]
	if !known {
		return fmt.Errorf("no checkpoint of size %d", size)
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
}
