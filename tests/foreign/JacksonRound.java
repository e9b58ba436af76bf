// Jackson reads and writes every message: a line "NAME<tab>JSON" is read strictly into the class that
// quicktype makes of the published JSON Schema of NAME, and written again.
// SPDX-License-Identifier: MIT
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;

public class JacksonRound {
    static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .build();

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(
                new InputStreamReader(System.in, StandardCharsets.UTF_8));

        for (String line; (line = in.readLine()) != null;) {
            int tab = line.indexOf('\t');
            Type type = json.Converter.class
                    .getMethod(line.substring(0, tab) + "FromJsonString", String.class)
                    .getGenericReturnType();
            Object value = MAPPER.readValue(line.substring(tab + 1), MAPPER.constructType(type));

            out.println(MAPPER.writeValueAsString(value));
        }
        out.flush();
    }
}
