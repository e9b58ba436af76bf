// Reads topic `chat`: every message once, and whether each room's are in order. See ../README.md.
// SPDX-License-Identifier: MIT
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/proto"

	"consumer/gen/chatjson" // by quicktype, from generated/contract/ChatDto.schema.json
	"consumer/gen/chatpb"   // by protoc, from schema/proto/chat.proto
)

const messageType = "reuse.chat.message.v1"

type counts struct {
	Records    int `json:"records"`
	Messages   int `json:"messages"`
	Duplicates int `json:"duplicates"`
	OutOfOrder int `json:"out_of_order"`
	Skipped    int `json:"skipped"`
}

// reader is what came so far.
type reader struct {
	ids  *recent[bool]  // ce_id
	last *recent[int64] // room: its last ce_sequence
	counts
}

// take takes one record of the topic.
func (r *reader) take(record *kgo.Record) {
	headers := map[string]string{}
	for _, h := range record.Headers {
		headers[h.Key] = string(h.Value)
	}
	r.Records++
	if kind, has := headers["ce_type"]; has && kind != messageType { // one that came later
		r.Skipped++
		return
	}
	chat, seq, err := decode(record.Value, headers)
	if err != nil { // one bad record must not stop the partition
		fmt.Fprintf(os.Stderr, "skipped %d/%d: %v\n", record.Partition, record.Offset, err)
		r.Skipped++
		return
	}
	room, number := text(chat.RoomUUID), "-" // records of other producers have no headers
	if id, has := headers["ce_id"]; has {
		if r.ids.values[id] {
			r.Duplicates++
			return
		}
		r.ids.put(id, true)
		r.checkOrder(room, seq)
		number = strconv.FormatInt(seq, 10)
	}
	r.Messages++
	content, _ := json.Marshal(chat.Content) // text: cannot fail
	fmt.Printf("%s\t%s\t%s\t%s\t%s\n", room, number, text(chat.Sender), text(chat.Timestamp), content)
}

// checkOrder: numbers of a room have no gaps; two servers that write at once may invert some.
func (r *reader) checkOrder(room string, seq int64) {
	last, known := r.last.values[room]
	if !known {
		last = seq - 1
	}
	if seq != last+1 {
		r.OutOfOrder++
	}
	if seq > last {
		r.last.put(room, seq)
	}
}

// decode gives a value of either kind as the type of the JSON form.
func decode(value []byte, headers map[string]string) (chatjson.ChatDto, int64, error) {
	var seq int64
	if _, has := headers["ce_id"]; has {
		var err error
		if seq, err = strconv.ParseInt(headers["ce_sequence"], 10, 64); err != nil {
			return chatjson.ChatDto{}, 0, err
		}
	}
	if headers["content-type"] != "application/protobuf" {
		chat, err := chatjson.UnmarshalChatDto(value)
		return chat, seq, err
	}
	var in chatpb.ChatDto
	if err := proto.Unmarshal(value, &in); err != nil {
		return chatjson.ChatDto{}, 0, err
	}
	// Nanoseconds of civil time, which JSON has as 2025-01-20T10:30:00.5.
	at := time.Unix(0, in.GetTimestamp()).UTC().Format("2006-01-02T15:04:05.999999999")
	return chatjson.ChatDto{
		RoomUUID: in.RoomUuid, Sender: in.Sender, Content: in.Content, Timestamp: &at,
	}, seq, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (r *reader) run(ctx context.Context, client *kgo.Client, until int) error {
	for until == 0 || r.Records < until {
		fetches := client.PollRecords(ctx, 1000)
		if err := fetches.Err(); err != nil {
			if errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		}
		for _, record := range fetches.Records() {
			if until == 0 || r.Records < until {
				r.take(record)
				client.MarkCommitRecords(record)
			}
		}
	}
	return nil
}

func main() {
	brokers := flag.String("brokers", "127.0.0.1:9092", "")
	topic := flag.String("topic", "chat", "")
	group := flag.String("group", "example-go", "")
	until := flag.Int("until", 0, "end after so many records")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(*brokers, ",")...),
		kgo.ConsumeTopics(*topic),
		kgo.ConsumerGroup(*group),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.AutoCommitMarks()) // committed is what was printed
	if err == nil {
		r := &reader{ids: newRecent[bool](), last: newRecent[int64]()}
		err = r.run(ctx, client, *until)
		client.CloseAllowingRebalance()
		summary, _ := json.Marshal(r.counts) // numbers: cannot fail
		fmt.Println(string(summary))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
