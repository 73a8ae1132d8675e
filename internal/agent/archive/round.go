package archive

import (
	"bytes"
	"maps"
	"slices"
	"time"
)

// format is that of what is written. A reader refuses any other.
const format = 1

// LargestChunk is how many bytes of a file a chunk has at most. The agent has two or three of them in memory, compressed.
const LargestChunk = 8 << 20

// Round is what there was at a moment.
type Round struct {
	Number int64
	// Epoch counts those that have written the archive, one after the other.
	Epoch int64
	// Volume names the volume that the data was on, and Writer the process that wrote the round.
	Volume, Writer string
	// Written is when the round was written, by the clock of its writer.
	Written time.Time
	// Until is the time until which each write is in the round that was answered before. It is zero as long as no round
	// had all there was.
	Until time.Time
	// State has the files.
	State State

	// base is that of the round.
	base base
}

// State has each file by its path in the data directory.
type State map[string]File

// File is what a file is made of.
type File struct {
	// Incarnation tells a collection from another one that had its name.
	Incarnation string `json:"incarnation"`
	// Content is that of a schema. A file of the log has chunks instead, which follow each other.
	Content []byte  `json:"content,omitempty"`
	Chunks  []Chunk `json:"chunks,omitempty"`
}

// Size is how many bytes the file has.
func (f File) Size() int64 {
	size := int64(len(f.Content))
	for _, chunk := range f.Chunks {
		size += chunk.Size
	}
	return size
}

func (f File) equal(other File) bool {
	return f.Incarnation == other.Incarnation && bytes.Equal(f.Content, other.Content) && slices.Equal(f.Chunks, other.Chunks)
}

// Chunk is an object with a part of a file.
type Chunk struct {
	Epoch  int64 `json:"epoch"`
	Number int64 `json:"number"`
	// Size is how many bytes of the file it has, and Stored what it takes in the bucket.
	Size   int64 `json:"size"`
	Stored int64 `json:"stored"`
	// SHA256 is that of the bytes of the file, in base64.
	SHA256 string `json:"sha256"`
	// Created is when the chunk was written, in seconds since 1970.
	Created int64 `json:"created"`
	// Cold says that it is in the cold tier.
	Cold bool `json:"cold,omitempty"`
}

// head is what an object says of itself.
type head struct {
	Format int   `json:"format"`
	Number int64 `json:"number"`
	Epoch  int64 `json:"epoch"`
}

// written is a round as an object has it: the difference to its base.
type written struct {
	head
	Volume  string    `json:"volume"`
	Writer  string    `json:"writer"`
	Written time.Time `json:"written"`
	Until   time.Time `json:"until,omitzero"`
	// Base says which one it is.
	Base  head            `json:"base"`
	Files map[string]File `json:"files,omitempty"`
	Gone  []string        `json:"gone,omitempty"`
}

// base has all files of the round with its number.
type base struct {
	head
	Written time.Time `json:"written"`
	Files   State     `json:"files"`
}

// difference returns what has to change in a state to become another.
func difference(from, to State) (map[string]File, []string) {
	files := map[string]File{}
	for name, file := range to {
		if before, is := from[name]; !is || !before.equal(file) {
			files[name] = file
		}
	}
	var gone []string
	for name := range from {
		if _, is := to[name]; !is {
			gone = append(gone, name)
		}
	}
	slices.Sort(gone)
	return files, gone
}

// SameFiles reports whether two states have the same files.
func SameFiles(a, b State) bool { return maps.EqualFunc(a, b, File.equal) }

// apply returns the state that a difference makes of another.
func apply(from State, files map[string]File, gone []string) State {
	state := maps.Clone(from)
	if state == nil {
		state = State{}
	}
	for _, name := range gone {
		delete(state, name)
	}
	maps.Copy(state, files)
	return state
}

// chunks counts those of files.
func chunks(files map[string]File) int {
	count := 0
	for _, file := range files {
		count += 1 + len(file.Chunks)
	}
	return count
}
