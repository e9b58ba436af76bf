// Fills the "jackson" lines of the vector files with what Jackson really does, with the settings
// that Spring Boot 3.4 gives its ObjectMapper. See README.md for the command.
// SPDX-License-Identifier: MIT
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

public class JacksonVectors {
    /** The replaced service's ChatDto. */
    public static class Chat {
        public String roomUUID;
        public String sender;
        public String content;
        public LocalDateTime timestamp;
    }

    /** Every other kind of field; the test has the same one as a table. */
    public static class Sample {
        public Long big;
        public Integer small;
        public Boolean flag;
        public List<String> names;
        public LinkedHashMap<String, List<String>> users;
        public Chat chat;
    }

    static final ObjectMapper MAPPER = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
            .disable(MapperFeature.DEFAULT_VIEW_INCLUSION)
            .build();

    static byte[] bytesOf(String text) {
        byte[] in = text.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < in.length; i++) {
            if (in[i] == '%') {
                out.write(Integer.parseInt(new String(in, i + 1, 2, StandardCharsets.US_ASCII), 16));
                i += 2;
            } else {
                out.write(in[i]);
            }
        }
        return out.toByteArray();
    }

    static String textOf(String json) {
        StringBuilder out = new StringBuilder();
        for (char c : json.toCharArray()) {
            if (c < 0x20 || c == 0x7f || c == '%') {
                out.append(String.format("%%%02X", (int) c));
            } else if (c == 0x2028) {
                out.append("%E2%80%A8");
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    static String answer(Class<?> type, String in) {
        try {
            Object value = MAPPER.readValue(bytesOf(in), type);
            if (value == null) {
                return "null";
            }
            // Through bytes, as on the wire: what UTF-8 cannot hold becomes '?'.
            byte[] wire = MAPPER.writeValueAsString(value).getBytes(StandardCharsets.UTF_8);
            return textOf(new String(wire, StandardCharsets.UTF_8));
        } catch (Exception e) {
            return "error";
        }
    }

    public static void main(String[] files) throws Exception {
        for (String file : files) {
            Class<?> type = file.endsWith("chat.txt") ? Chat.class : Sample.class;
            List<String> out = new ArrayList<>();
            for (String line : Files.readAllLines(Path.of(file))) {
                if (line.startsWith("jackson ")) {
                    continue;
                }
                out.add(line);
                if (line.startsWith("in ")) {
                    out.add("jackson " + answer(type, line.substring(3)));
                }
            }
            Files.write(Path.of(file), out);
        }
    }
}
