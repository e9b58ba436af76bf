// Reads topic `chat`: every message once, and whether each room's are in order. See ../README.md.
// SPDX-License-Identifier: MIT
import com.fasterxml.jackson.databind.ObjectMapper;
import io.cloudevents.CloudEvent;
import io.cloudevents.kafka.CloudEventDeserializer;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import json.ChatDto; // by quicktype, from generated/contract/ChatDto.schema.json
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import reuse.chat.ChatOuterClass; // by protoc, from schema/proto/chat.proto

public class Consumer {
    static final String TYPE = "reuse.chat.message.v1";
    static final ObjectMapper JSON = new ObjectMapper(); // strict: an unknown member is an error

    /**
     * The last values that were put; the oldest go. What must outlive this process is kept in a
     * database instead, in the transaction that stores the message.
     */
    static class Recent<V> extends LinkedHashMap<String, V> {
        static final int LIMIT = 100_000;

        Recent() {
            super(16, 0.75f, true);
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
            return size() > LIMIT;
        }
    }

    final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    final CloudEventDeserializer events = new CloudEventDeserializer();
    final Recent<Boolean> ids = new Recent<>(); // ce_id
    final Recent<Long> last = new Recent<>(); // room: its last ce_sequence
    final Map<String, Integer> counts = new LinkedHashMap<>(
            Map.of("records", 0, "messages", 0, "duplicates", 0, "out_of_order", 0, "skipped", 0));

    void count(String what) {
        counts.merge(what, 1, Integer::sum);
    }

    /** One record of the topic. */
    void take(ConsumerRecord<String, byte[]> record) {
        count("records");
        try {
            if (record.headers().lastHeader("ce_specversion") == null) {
                print("-", JSON.readValue(record.value(), ChatDto.class)); // of another producer
            } else {
                take(events.deserialize(record.topic(), record.headers(), record.value()));
            }
        } catch (IOException | RuntimeException e) {
            // One bad record must not stop the partition.
            System.err.println("skipped " + record.partition() + "/" + record.offset() + ": " + e);
            count("skipped");
        }
    }

    void take(CloudEvent event) throws IOException {
        if (!event.getType().equals(TYPE)) { // a kind of event that came later
            count("skipped");
            return;
        }
        ChatDto chat = decode(event);
        long seq = Long.parseLong((String) event.getExtension("sequence"));
        if (ids.put(event.getId(), true) != null) {
            count("duplicates");
            return;
        }
        checkOrder(chat.getRoomUUID(), seq);
        print(Long.toString(seq), chat);
    }

    /** Numbers of a room have no gaps; two servers that write at once may invert some. */
    void checkOrder(String room, long seq) {
        long before = last.getOrDefault(room, seq - 1);

        if (seq != before + 1) {
            count("out_of_order");
        }
        last.put(room, Math.max(seq, before));
    }

    void print(String seq, ChatDto chat) throws IOException {
        count("messages");
        out.println(String.join("\t", chat.getRoomUUID(), seq, chat.getSender(),
                chat.getTimestamp(), JSON.writeValueAsString(chat.getContent())));
    }

    /** A value of either kind as the type of the JSON form. */
    static ChatDto decode(CloudEvent event) throws IOException {
        byte[] value = event.getData().toBytes();
        if (!"application/protobuf".equals(event.getDataContentType())) {
            return JSON.readValue(value, ChatDto.class);
        }
        ChatOuterClass.ChatDto in = ChatOuterClass.ChatDto.parseFrom(value);
        ChatDto out = new ChatDto();
        out.setRoomUUID(in.getRoomUuid());
        out.setSender(in.getSender());
        out.setContent(in.getContent());
        out.setTimestamp(civil(in.getTimestamp()));
        return out;
    }

    /** Nanoseconds of civil time as JSON has them: 2025-01-20T10:30:00.5. */
    static String civil(long nanoseconds) {
        return LocalDateTime.ofEpochSecond(Math.floorDiv(nanoseconds, 1_000_000_000L),
                (int) Math.floorMod(nanoseconds, 1_000_000_000L), ZoneOffset.UTC)
                .format(DateTimeFormatter.ISO_LOCAL_DATE_TIME);
    }

    void run(KafkaConsumer<String, byte[]> consumer, int until) {
        while (until == 0 || counts.get("records") < until) {
            Map<TopicPartition, OffsetAndMetadata> taken = new HashMap<>();
            for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                if (until == 0 || counts.get("records") < until) {
                    take(record);
                    taken.put(new TopicPartition(record.topic(), record.partition()),
                            new OffsetAndMetadata(record.offset() + 1));
                }
            }
            out.flush();
            consumer.commitSync(taken); // committed is what was printed
        }
    }

    public static void main(String[] args) throws IOException {
        Map<String, String> options = new LinkedHashMap<>(Map.of("--brokers", "127.0.0.1:9092",
                "--topic", "chat", "--group", "example-java", "--until", "0"));
        for (int i = 0; i + 1 < args.length; i += 2) {
            options.put(args[i], args[i + 1]);
        }
        Properties settings = new Properties();
        settings.put("bootstrap.servers", options.get("--brokers"));
        settings.put("group.id", options.get("--group"));
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", "false");

        Consumer reader = new Consumer();
        Thread main = Thread.currentThread();
        try (KafkaConsumer<String, byte[]> consumer = new KafkaConsumer<>(settings,
                new StringDeserializer(), new ByteArrayDeserializer())) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                consumer.wakeup();
                try {
                    main.join();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }));
            consumer.subscribe(List.of(options.get("--topic")));
            reader.run(consumer, Integer.parseInt(options.get("--until")));
        } catch (WakeupException e) {
            // Ctrl-C
        }
        reader.out.println(JSON.writeValueAsString(reader.counts));
        reader.out.flush();
    }
}
