// The command contract writes the Go code of a contract of gRPC, without protoc:
//
//	contract FOLDER FILE.proto
//
// The compiler is a library, and the generators are the usual programs. go.mod pins all three. The variable GO names another go.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

// generators are the programs that write code, of messages and of calls.
var generators = []string{"protoc-gen-go", "protoc-gen-go-grpc"}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: contract FOLDER FILE.proto")
		os.Exit(2)
	}
	if err := generate(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "contract:", err)
		os.Exit(1)
	}
}

// generate writes the code beside the contract, which imports no other.
func generate(folder, name string) error {
	compiler := protocompile.Compiler{
		Resolver:       &protocompile.SourceResolver{ImportPaths: []string{folder}},
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	files, err := compiler.Compile(context.Background(), name)
	if err != nil {
		return err
	}
	request, err := proto.Marshal(&pluginpb.CodeGeneratorRequest{
		FileToGenerate: []string{name},
		Parameter:      proto.String("paths=source_relative"),
		ProtoFile:      []*descriptorpb.FileDescriptorProto{protoutil.ProtoFromFileDescriptor(files[0])},
	})
	if err != nil {
		return err
	}
	for _, generator := range generators {
		if err := run(generator, request, folder); err != nil {
			return fmt.Errorf("%s: %w", generator, err)
		}
	}
	return nil
}

// run asks a generator, and writes the files that it answers with.
func run(generator string, request []byte, folder string) error {
	command := exec.Command(cmp.Or(os.Getenv("GO"), "go"), "tool", generator) //nolint:gosec // Those who generate name their go.
	command.Stdin, command.Stderr = bytes.NewReader(request), os.Stderr
	output, err := command.Output()
	if err != nil {
		return err
	}
	var answer pluginpb.CodeGeneratorResponse
	if err := proto.Unmarshal(output, &answer); err != nil {
		return err
	}
	if answer.Error != nil {
		return errors.New(answer.GetError())
	}
	for _, file := range answer.GetFile() {
		if err := os.WriteFile(filepath.Join(folder, "zz_generated."+file.GetName()), []byte(file.GetContent()), 0o644); err != nil { //nolint:gosec // Source.
			return err
		}
	}
	return nil
}
