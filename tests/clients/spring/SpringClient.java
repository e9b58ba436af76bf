// Spring's WebSocketStompClient says things to a room and hears what is said there, as Spring's manual
// shows it; called as stock.mjs is:
//   java -cp … SpringClient spring|spring-sockjs-websocket|spring-sockjs-xhr URL ROOM USER LAST TEXT…
// SPDX-License-Identifier: MIT
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.PrintStream;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.springframework.messaging.converter.MappingJackson2MessageConverter;
import org.springframework.messaging.simp.stomp.StompCommand;
import org.springframework.messaging.simp.stomp.StompFrameHandler;
import org.springframework.messaging.simp.stomp.StompHeaders;
import org.springframework.messaging.simp.stomp.StompSession;
import org.springframework.messaging.simp.stomp.StompSessionHandlerAdapter;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.web.socket.WebSocketHttpHeaders;
import org.springframework.web.socket.client.WebSocketClient;
import org.springframework.web.socket.client.standard.StandardWebSocketClient;
import org.springframework.web.socket.messaging.WebSocketStompClient;
import org.springframework.web.socket.sockjs.client.RestTemplateXhrTransport;
import org.springframework.web.socket.sockjs.client.SockJsClient;
import org.springframework.web.socket.sockjs.client.WebSocketTransport;

public final class SpringClient {
    private final String url, room, user, last;
    private final List<String> texts;
    private final ArrayNode heard = JsonNodeFactory.instance.arrayNode();
    private final CompletableFuture<Void> end = new CompletableFuture<>();

    private SpringClient(String[] args) {
        url = args[1] + "/ws-stomp";
        room = args[2];
        user = args[3];
        last = args[4];
        texts = Arrays.asList(args).subList(5, args.length);
    }

    private static WebSocketClient transport(String name) {
        return switch (name) {
            case "spring" -> new StandardWebSocketClient();
            case "spring-sockjs-websocket" ->
                new SockJsClient(List.of(new WebSocketTransport(new StandardWebSocketClient())));
            case "spring-sockjs-xhr" -> new SockJsClient(List.of(new RestTemplateXhrTransport()));
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** Faults end the client: as an ERROR of the server, or an exception of its own. */
    private final class Handler extends StompSessionHandlerAdapter implements StompFrameHandler {
        @Override
        public Type getPayloadType(StompHeaders headers) {
            return JsonNode.class;
        }

        @Override
        public void handleFrame(StompHeaders headers, Object payload) {
            if (headers.getDestination() == null) {
                end.completeExceptionally(new IllegalStateException("ERROR " + headers + payload));
                return;
            }
            heard.add((JsonNode) payload);
            if (((JsonNode) payload).get("content").asText().equals(last)) {
                end.complete(null);
            }
        }

        @Override
        public void handleException(StompSession session, StompCommand command, StompHeaders headers,
                byte[] payload, Throwable exception) {
            end.completeExceptionally(exception);
        }

        @Override
        public void handleTransportError(StompSession session, Throwable exception) {
            end.completeExceptionally(exception);
        }
    }

    private void run(WebSocketStompClient client) throws Exception {
        StompHeaders connect = new StompHeaders();
        connect.add("sender", user);
        Handler handler = new Handler();
        String endpoint = client.getWebSocketClient() instanceof SockJsClient ? url : url.replaceFirst("http", "ws");
        StompSession session =
            client.connectAsync(endpoint, new WebSocketHttpHeaders(), connect, handler).get(30, TimeUnit.SECONDS);

        session.subscribe("/sub/chat/room/" + room, handler);
        for (String text : texts) {
            session.send("/pub/room/" + room + "/message",
                Map.of("roomUUID", room, "sender", user, "content", text));
        }
        end.get(60, TimeUnit.SECONDS);
        session.disconnect();
    }

    public static void main(String[] args) {
        SpringClient self = new SpringClient(args);
        WebSocketStompClient client = new WebSocketStompClient(transport(args[0]));
        ThreadPoolTaskScheduler scheduler = new ThreadPoolTaskScheduler();

        scheduler.initialize();
        client.setMessageConverter(new MappingJackson2MessageConverter());
        client.setTaskScheduler(scheduler);
        client.setInboundMessageSizeLimit(1 << 20);
        try {
            self.run(client);
        } catch (Exception e) {
            e.printStackTrace();
            System.exit(1);
        }
        new PrintStream(System.out, true, StandardCharsets.UTF_8).println(self.heard);
        System.exit(0);
    }
}
