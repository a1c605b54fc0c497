// Runs the vectors of notes, keys, Merkle proofs and tile paths through golang.org/x/mod and nothing of ours: `vectors FOLDER`.
//
// Whatever we accept Go accepts, and the other way round, except for the cases named here with the reason. Ends with 1 and a line for each
// when a case that is not named differs, or a named one does not.
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Where Go differs, by the name of the case.
var differs = map[string]string{
	// We are stricter.
	"a wrong line of a known key beside its right one": "Go looks at the first line of a key only",
	"line: base64 with unused bits set":                "Go's reader of base64 does not look at them",
	"vkey: a name of 256 bytes":                        "Go has no limit",
	"vkey: the neutral element":                        "Go does not look at the point before it verifies",
	"vkey: a point of order 4":                         "likewise",
	"vkey: not on the curve":                           "likewise",
	"vkey: a coordinate above the prime":               "likewise",
	"vkey: id in upper case":                           "Go reads hexadecimal of either case",
	"vkey: a newline behind":                           "Go's reader of base64 passes over line breaks",
	"path `tile/64/000`":                               "Go does not look at the limit that it documents",
	"path `tile/data/000`":                             "Go's own name for entries",
	// Go's package knows type 0x01 only, and no proof from the empty tree.
	"vkey: a witness key": "another type",
	"0 to 5":              "there is nothing to prove",
	// Go counts tiles in 63 bits.
	"path `tile/0/x018/x446/x744/x073/x709/x551/615`": "too large a number",
}

type testCase struct {
	Name    string   `json:"name"`
	OK      bool     `json:"ok"`
	Kind    string   `json:"kind"`
	Vkeys   []string `json:"vkeys"`
	Vkey    string   `json:"vkey"`
	Note    string   `json:"note"`
	NoteHex string   `json:"note_hex"`
	Path    string   `json:"path"`
	Leaf    string   `json:"leaf_hash"`
	Index   int64    `json:"index"`
	Size    int64    `json:"size"`
	Root    string   `json:"root"`
	OldSize int64    `json:"old_size"`
	OldRoot string   `json:"old_root"`
	NewSize int64    `json:"new_size"`
	NewRoot string   `json:"new_root"`
	Proof   []string `json:"proof"`
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(folder string) error {
	compared, found := 0, 0
	var faults []string
	for _, file := range []string{"signed-note.json", "merkle.json", "tiles.json"} {
		text, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			return err
		}
		var vectors struct{ Cases []testCase }
		if err := json.Unmarshal(text, &vectors); err != nil {
			return fmt.Errorf("%s: %v", file, err)
		}
		for _, c := range vectors.Cases {
			accepted, known := c.check()
			if !known {
				continue
			}
			compared++
			reason, named := differs[c.Name]
			if (accepted == nil) != c.OK && !named {
				faults = append(faults, fmt.Sprintf("%s: %s: we say %v, Go says %v", file, c.Name, c.OK, accepted))
			}
			if named {
				if found++; (accepted == nil) == c.OK {
					faults = append(faults, fmt.Sprintf("%s: %s: Go was said to differ: %s", file, c.Name, reason))
				}
			}
		}
	}
	if found != len(differs) {
		faults = append(faults, fmt.Sprintf("%d of %d cases that differ are in the vectors", found, len(differs)))
	}
	if faults != nil {
		return fmt.Errorf("%s", strings.Join(faults, "\n"))
	}
	fmt.Printf("ok: %d cases, %d of them differ as named\n", compared, found)
	return nil
}

// check says what Go makes of a case, and whether it has anything to say.
func (c testCase) check() (error, bool) {
	switch c.Kind {
	case "note":
		var keys []note.Verifier
		for _, text := range c.Vkeys {
			key, err := note.NewVerifier(text)
			if err != nil {
				return err, true
			}
			keys = append(keys, key)
		}
		msg := []byte(c.Note)
		if c.NoteHex != "" {
			msg, _ = hex.DecodeString(c.NoteHex)
		}
		_, err := note.Open(msg, note.VerifierList(keys...))
		return err, true
	case "vkey":
		_, err := note.NewVerifier(c.Vkey)
		return err, true
	case "path":
		// Go's paths name the height of the tiles, and call entries data.
		path := strings.Replace(strings.Replace(c.Path, "tile/", "tile/8/", 1), "tile/8/entries/", "tile/8/data/", 1)
		_, err := tlog.ParseTilePath(path)
		return err, true
	case "inclusion":
		err := tlog.CheckRecord(hashes(c.Proof), c.Size, hash(c.Root), c.Index, hash(c.Leaf))
		return err, true
	case "consistency":
		return tlog.CheckTree(hashes(c.Proof), c.NewSize, hash(c.NewRoot), c.OldSize, hash(c.OldRoot)), true
	}
	return nil, false
}

func hash(text string) tlog.Hash {
	h, err := tlog.ParseHash(text)
	if err != nil {
		panic(err)
	}
	return h
}

func hashes(texts []string) []tlog.Hash {
	var all []tlog.Hash
	for _, text := range texts {
		all = append(all, hash(text))
	}
	return all
}
