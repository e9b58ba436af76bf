// The replaced service's side of topic chat, with its libraries: Spring's KafkaTemplate and
// serializers, and Jackson as Spring Boot sets it up, but strict.
//   Reference produce BROKERS TOPIC text|typed   a ChatDto a line of standard input; text: as that
//                                                service did; typed: JsonSerializer's type header
//   Reference consume BROKERS TOPIC N            the first N records, each written again
// SPDX-License-Identifier: MIT
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.support.serializer.JsonDeserializer;
import org.springframework.kafka.support.serializer.JsonSerializer;

public class Reference {
    /** The service's ChatDto. */
    public static class ChatDto {
        public String roomUUID;
        public String sender;
        public String content;
        public LocalDateTime timestamp;
    }

    static final ObjectMapper MAPPER = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(MapperFeature.DEFAULT_VIEW_INCLUSION)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .build();

    static <V> void send(String brokers, String topic, Serializer<V> serializer, List<V> values)
            throws Exception {
        DefaultKafkaProducerFactory<String, V> factory = new DefaultKafkaProducerFactory<>(
                Map.of("bootstrap.servers", brokers), new StringSerializer(), serializer);
        KafkaTemplate<String, V> template = new KafkaTemplate<>(factory);

        for (V value : values) {
            template.send(topic, value).get(); // no key, as the service
        }
        factory.destroy();
    }

    static void produce(String brokers, String topic, boolean isTyped) throws Exception {
        List<String> lines = new BufferedReader(
                new InputStreamReader(System.in, StandardCharsets.UTF_8)).lines().toList();
        List<ChatDto> dtos = new java.util.ArrayList<>();
        List<String> texts = new java.util.ArrayList<>();

        for (String line : lines) {
            dtos.add(MAPPER.readValue(line, ChatDto.class));
            texts.add(MAPPER.writeValueAsString(dtos.get(dtos.size() - 1)));
        }
        if (isTyped) {
            send(brokers, topic, new JsonSerializer<>(MAPPER), dtos);
        } else {
            send(brokers, topic, new StringSerializer(), texts);
        }
    }

    static void consume(String brokers, String topic, int wanted) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        JsonDeserializer<ChatDto> typed = new JsonDeserializer<>(ChatDto.class, MAPPER, false);

        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", brokers, "auto.offset.reset", "earliest"),
                new StringDeserializer(), new StringDeserializer())) {
            List<TopicPartition> all = new java.util.ArrayList<>();
            for (PartitionInfo p : consumer.partitionsFor(topic)) {
                all.add(new TopicPartition(topic, p.partition()));
            }
            consumer.assign(all);
            for (int n = 0; n < wanted;) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
                    String again = MAPPER.writeValueAsString(
                            MAPPER.readValue(record.value(), ChatDto.class));
                    String bySpring = MAPPER.writeValueAsString(typed.deserialize(topic,
                            record.headers(), record.value().getBytes(StandardCharsets.UTF_8)));
                    if (!again.equals(bySpring)) {
                        throw new IllegalStateException(again + " is not " + bySpring);
                    }
                    out.println(again);
                    n++;
                }
            }
        }
        out.flush();
    }

    public static void main(String[] args) throws Exception {
        if (args[0].equals("produce")) {
            produce(args[1], args[2], args[3].equals("typed"));
        } else {
            consume(args[1], args[2], Integer.parseInt(args[3]));
        }
    }
}
