// Package lines splits what it reads into lines, however long they are, in bounded memory.
//
// What lives here: bytes and newlines. What a line says belongs to internal/barq/walline.
package lines
