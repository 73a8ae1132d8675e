package main

import (
	"os"
	"path/filepath"
)

// directory is where one demo keeps everything that it has. Its test cluster keeps
// its own things there too.
type directory string

// create makes the folders that are the demo's own.
func (d directory) create() error {
	for _, folder := range []string{d.file(""), filepath.Dir(d.operatorLog())} {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return err
		}
	}
	return nil
}

func (d directory) file(name string) string { return filepath.Join(string(d), "demo", name) }

// lock is held by a demo at work, so that two do not get in each other's way.
func (d directory) lock() string               { return d.file("demo.pid") }
func (d directory) record() string             { return d.file("record.json") }
func (d directory) operatorLock() string       { return d.file("operator.pid") }
func (d directory) operatorKubeconfig() string { return d.file("operator.kubeconfig") }
func (d directory) operatorLog() string        { return filepath.Join(string(d), "logs", "operator.log") }

// clusterKubeconfig and clusterBin are where a test cluster in this directory keeps
// its kubeconfig and its programs.
func (d directory) clusterKubeconfig() string { return filepath.Join(string(d), "kubeconfig") }
func (d directory) clusterBin() string        { return filepath.Join(string(d), "bin") }

// clear removes what must not outlive the demo. Logs stay, as do built programs, which
// the next demo is faster with, and the files of locks.
func (d directory) clear() error {
	for _, file := range []string{d.record(), d.operatorKubeconfig()} {
		if err := os.RemoveAll(file); err != nil {
			return err
		}
	}
	return nil
}
