// What somebody would write by hand today for W5 reversed: JSON over HTTP/2 (h2c) comes in, and goes
// to a server of a length-prefixed binary protocol over a few shared connections, its reply back as JSON.
//
//	reversed -listen ADDRESS -upstream ADDRESS
//	reversed -serve ADDRESS      instead: the binary server, which sends each payload back
//
// Frame: u32 BE length (6 + payload), u16 BE opcode, u32 BE correlation id, payload. Needs Debian's
// golang-golang-x-net-dev, or golang.org/x/net of any kind.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
)

const (
	head       = 10
	maxPayload = 16 << 20
	timeout    = 10 * time.Second
)

var errGone = errors.New("the connection is gone")

type reply struct {
	opcode  uint16
	payload []byte
}

// conn is one shared connection: requests leave in batches, replies find their waiter by id.
type conn struct {
	out     chan []byte
	gone    chan struct{}
	mu      sync.Mutex
	next    uint32
	waiting map[uint32]chan reply
}

func dial(address string) (*conn, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	k := &conn{out: make(chan []byte, 1024), gone: make(chan struct{}), waiting: map[uint32]chan reply{}}
	go k.write(c)
	go k.read(c)
	return k, nil
}

func (k *conn) write(c net.Conn) {
	w := bufio.NewWriterSize(c, 16<<10)
	for {
		select {
		case f := <-k.out:
			if _, err := w.Write(f); err != nil {
				c.Close()
				return
			}
			if len(k.out) == 0 && w.Flush() != nil {
				c.Close()
				return
			}
		case <-k.gone:
			return
		}
	}
}

func (k *conn) read(c net.Conn) {
	defer close(k.gone)
	defer c.Close()
	r := bufio.NewReaderSize(c, 16<<10)
	for {
		opcode, id, payload, err := readFrame(r)
		if err != nil {
			return
		}
		k.mu.Lock()
		waiter := k.waiting[id]
		delete(k.waiting, id)
		k.mu.Unlock()
		if waiter != nil {
			waiter <- reply{opcode, payload}
		}
	}
}

func (k *conn) call(ctx context.Context, opcode uint16, payload []byte) (reply, error) {
	waiter := make(chan reply, 1)
	k.mu.Lock()
	k.next++
	id := k.next
	k.waiting[id] = waiter
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		delete(k.waiting, id)
		k.mu.Unlock()
	}()
	select {
	case k.out <- frame(opcode, id, payload):
	case <-k.gone:
		return reply{}, errGone
	case <-ctx.Done():
		return reply{}, ctx.Err()
	}
	select {
	case r := <-waiter:
		return r, nil
	case <-k.gone:
		return reply{}, errGone
	case <-ctx.Done():
		return reply{}, ctx.Err()
	}
}

func readFrame(r io.Reader) (uint16, uint32, []byte, error) {
	var h [head]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, 0, nil, err
	}
	n := binary.BigEndian.Uint32(h[:])
	if n < 6 || n > maxPayload+6 {
		return 0, 0, nil, errors.New("a bad length")
	}
	p := make([]byte, n-6)
	_, err := io.ReadFull(r, p)
	return binary.BigEndian.Uint16(h[4:]), binary.BigEndian.Uint32(h[6:]), p, err
}

func frame(opcode uint16, id uint32, payload []byte) []byte {
	f := make([]byte, head+len(payload))
	binary.BigEndian.PutUint32(f, uint32(6+len(payload)))
	binary.BigEndian.PutUint16(f[4:], opcode)
	binary.BigEndian.PutUint32(f[6:], id)
	copy(f[head:], payload)
	return f
}

type gateway struct {
	conns []*conn
	turn  atomic.Uint32
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	opcode, err := strconv.ParseUint(strings.TrimPrefix(r.URL.Path, "/op/"), 10, 16)
	if err != nil || r.Method != http.MethodPost {
		http.Error(w, "no such operation", http.StatusNotFound)
		return
	}
	var q struct {
		Payload []byte `json:"payload"` // encoding/json reads base64 into []byte
	}
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, 32<<20)).Decode(&q) != nil {
		http.Error(w, "bad JSON", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	k := g.conns[g.turn.Add(1)%uint32(len(g.conns))]
	answer, err := k.call(ctx, uint16(opcode), q.Payload)
	if err != nil {
		http.Error(w, "no answer", http.StatusBadGateway)
		return
	}
	body, err := json.Marshal(struct {
		Opcode  uint16 `json:"opcode"`
		Payload []byte `json:"payload"`
	}{answer.opcode, answer.payload})
	if err != nil {
		http.Error(w, "no answer", http.StatusInternalServerError)
		return
	}
	w.Header().Set("content-type", "application/json")
	w.Write(body)
}

func serve(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			r, w := bufio.NewReaderSize(c, 64<<10), bufio.NewWriterSize(c, 64<<10)
			for {
				opcode, id, payload, err := readFrame(r)
				if err != nil {
					return
				}
				w.Write(frame(opcode, id, payload))
				if r.Buffered() < head && w.Flush() != nil {
					return
				}
			}
		}()
	}
}

func main() {
	listen := flag.String("listen", "127.0.0.1:9000", "where clients of HTTP/2 come in")
	upstream := flag.String("upstream", "127.0.0.1:9001", "the binary server")
	connections := flag.Int("connections", 4, "connections to it")
	binary := flag.String("serve", "", "instead: be the binary server there")
	flag.Parse()
	if *binary != "" {
		log.Fatal(serve(*binary))
	}
	g := &gateway{}
	for i := 0; i < *connections; i++ {
		k, err := dial(*upstream)
		if err != nil {
			log.Fatal(err)
		}
		g.conns = append(g.conns, k)
	}
	s := &http2.Server{MaxConcurrentStreams: 1000}
	log.Fatal(http.ListenAndServe(*listen, h2c.NewHandler(g, s)))
}
